import type { Script } from '../../../engine/base/sh.ts'

/** What installs packages: a driver for each program. */
export interface PackageManager {
  /** Its program, by which a host of it is known. */
  program: string
  /** Brings all packages of a host to their latest versions. */
  upgrade: Script
  /** Prints the name of each package that is known, and `installed` or another state below it. */
  list(packages: readonly string[]): Script
  install(packages: readonly string[]): Script
  remove(packages: readonly string[]): Script
}
