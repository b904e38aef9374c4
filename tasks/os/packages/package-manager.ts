import type { Script } from '../../../engine/base/sh.ts'

/** What installs packages: a driver for each program. */
export interface PackageManager {
  /** Prints the name of each package that is known, and `installed` or another state below it. */
  list(packages: readonly string[]): Script
  install(packages: readonly string[]): Script
  remove(packages: readonly string[]): Script
}
