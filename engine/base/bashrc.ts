/**
 * Keeps ~/.bashrc out of the shells that this program starts. Where nobody counts shells, as in cron and units of systemd, or a
 * shell has made way for this program, bash takes the pipes of Node for a remote login, and what ~/.bashrc prints for what
 * commands print: bash(1), INVOCATION.
 */
export function leaveBashrcOut(environment: NodeJS.ProcessEnv = process.env): void {
  if (!(Number(environment.SHLVL) >= 1)) environment.SHLVL = '1'
}
