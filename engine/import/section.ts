import type { Part } from './facts.ts'

/** A map of an inventory; keys that are undefined are left out. */
export type Section = Record<string, unknown>

/** @returns the value, undefined where the schema has it for its default */
export const unless = <T>(value: T | undefined, standard: T): T | undefined => (value === standard ? undefined : value)

/** @returns a map without the keys that are undefined, itself undefined where none is left */
export const unlessEmpty = <T extends object>(map: T): T | undefined => {
  const left = Object.entries(map).filter(([, value]) => value !== undefined)
  return left.length === 0 ? undefined : (Object.fromEntries(left) as T)
}

/** @returns the value of a fact as a number, undefined where it is none */
export const numberOf = (part: Part | undefined, about: string): number | undefined => {
  const value = part?.get(about)
  return value === undefined || !/^-?\d+(\.\d+)?$/.test(value) ? undefined : Number(value)
}
