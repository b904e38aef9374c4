import { spawnSync } from 'node:child_process'

/**
 * The prefix that runs a command as root: of this machine, or of a user namespace without other users. sudo takes SHLVL away,
 * and without it bash takes the pipes of Node for a remote login and reads root's .bashrc each time.
 */
const ways = { real: ['sudo', '-n', 'env', 'SHLVL=1'], mapped: ['unshare', '--map-root-user'] }

/** Runs this test file again as root, and ends with its exit code, unless this is root already. */
export function needRoot(kind: keyof typeof ways): void {
  if (process.getuid?.() === 0) return
  const file = process.argv[1]!
  const [program, ...words] = [...ways[kind], process.execPath, file]
  const { status, error } = spawnSync(program!, words, { stdio: 'inherit' })
  if (status !== 0)
    console.error(
      `${file} needs root, and ran by ${ways[kind].join(' ')}: ${error?.message ?? `exit code ${status}`}\n` +
        `Where sudo asks for a password or namespaces are denied: sudo ${process.execPath} ${file}`,
    )
  process.exit(status ?? 1)
}
