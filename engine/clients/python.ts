import { readFile } from 'node:fs/promises'
import { type Script, sh } from '../base/sh.ts'
import type { Outcome } from '../transport/transport.ts'
import type { Asking } from './question.ts'

/**
 * A script that runs one of our Python programs on a client. Python takes it from stdin, so that it is no file there;
 * -IS reads no other code of the client's. A small RHEL 8 has Python by another name alone.
 * @param program the name of its file, which is put behind those that know how the service is asked
 */
export async function pythonScript(
  asking: Pick<Asking, 'program'>,
  program: 'ask.py' | 'prober.py',
  args: readonly (string | number)[],
): Promise<Script> {
  const own = (name: string) => new URL(name, import.meta.url)
  const files = [own('question.py'), asking.program, own(program)].map((url) => readFile(url, 'utf8'))
  return sh`exec "$(command -v python3 || echo /usr/libexec/platform-python)" -IS - ${args} <<<${(await Promise.all(files)).join('\n')}`
}

/** Why such a script ended with another code than 0, in words, and what to do next. */
export const whyFailed = (client: string, { code, stderr }: Outcome): string =>
  code === 127
    ? `${client} has no python3 to ask the service with: install python3 there, or name another client`
    : `the program that asks the service failed on ${client}: ${stderr.trim().split('\n').at(-1) || `exit code ${code}`}`
