import { runProgram } from './program.ts'
import { sshOptions, type SshTarget } from './ssh-config.ts'

/** What ssh calls a kind of algorithms, and its setting on either side. */
const settings: Readonly<Record<string, string>> = {
  cipher: 'Ciphers',
  MAC: 'MACs',
  'key exchange method': 'KexAlgorithms',
  'host key type': 'HostKeyAlgorithms',
}

/**
 * @param said by ssh itself, and not on the way there
 * @param server what said the other half, as messages call it, and how ssh is told of it
 * @returns which algorithms ssh and the host do not have in common, and what to do; undefined where it said something else
 */
export async function whyNothingInCommon(
  said: string,
  { where, target }: { where: string; target: SshTarget },
): Promise<string | undefined> {
  const [, kind = '', theirs] = /no matching (.+) found\. Their offer: (\S+)/.exec(said) ?? []
  const setting = settings[kind]
  if (!setting) return undefined
  const { config, host } = target
  const [ours, usual] = await Promise.all([
    printed(setting, [...sshOptions(target), '--', host]),
    printed(setting, ['-F', 'none', '--', host]),
  ])
  const file = config ?? '~/.ssh/config'
  const origin = ours === usual ? 'OpenSSH here has by default' : `${config ?? 'ssh_config'} allows: ${ours}`
  // Some of these words are no algorithms.
  const offer = theirs!.split(',').filter((name) => !/^(kex-strict|ext-info)-/.test(name))
  return (
    `${where} has none of the ${setting} that ${origin}\n` +
    `It has ${offer.join(',')}: allow one of these by ${setting} in ${file}, or one of the others by ${setting} in sshd_config there`
  )
}

/** @returns a setting as `ssh -G` prints it */
async function printed(setting: string, words: readonly string[]): Promise<string | undefined> {
  const { stdout } = await runProgram('ssh', ['-G', '-N', ...words])
  return new RegExp(`^${setting} (.*)$`, 'im').exec(stdout)?.[1]
}
