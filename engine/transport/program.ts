import { execFile } from 'node:child_process'

/** How a program of this machine ended. */
export interface Ended {
  /** Undefined where there is no such program. */
  code: number | undefined
  stdout: string
  stderr: string
}

/** Runs a program of this machine without a shell, whose start would take as long as the program. */
export const runProgram = (program: string, words: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(program, words, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error?.code ?? (error ? 1 : 0)
      resolve({ code: typeof code === 'number' ? code : undefined, stdout, stderr })
    })
  })
