import { HostError } from '../base/errors.ts'
import { Script, sh } from '../base/sh.ts'
import type { Transport } from '../transport/transport.ts'
import type { RunNote } from './note.ts'
import { rollbackScript } from './rollback.ts'
import { busyCode } from './lock.ts'

// The dead man's switch of a run: a host undoes the changes of a run by itself, unless the run is confirmed over a new
// connection. A change may cut the way in that the run itself came by, and that connection would not notice.
// In the state folder: `confirm` has the run and a token while the switch is armed, `go-back` is what the timer starts,
// `went-back` tells of a run that was undone, until another one is confirmed.

const unit = 'keepalived-playbooks-confirm'

/** The exit code where the switch is not armed any more. */
const idleCode = 77

/**
 * The bash function `arm` for a script that holds the host lock and has the variables `state` and `run`: the switch goes off
 * after some seconds from now, whatever was armed before.
 * @param seconds 0 for no switch
 */
export const armFunction = ({ folder, by }: RunNote, seconds: number): Script =>
  seconds === 0
    ? sh`arm() { true; }`
    : sh`
arm() {
  local token="$run $RANDOM$RANDOM"
  printf '%s\n' ${goBack(folder, by, seconds).text} >"$state/go-back" &&
    printf '%s\n' "$token" >"$state/confirm.new" && mv -f -- "$state/confirm.new" "$state/confirm" || return 1
  systemctl stop ${`${unit}-*.timer`} 2>/dev/null
  systemd-run --quiet --collect --unit ${unit}-"$RANDOM$RANDOM" --timer-property=AccuracySec=1s \
    --on-active=${seconds} bash "$state/go-back" "$token" 9>&-
}`

// A change that is under way holds the lock, and arms the switch again at its end.
const goBack = (folder: string, by: string, seconds: number): Script => sh`
token=$1 run=\${1% *} code=${busyCode}
while [ "$code" -eq ${busyCode} ]; do
  [ "$(cat ${folder}/confirm 2>/dev/null)" = "$token" ] || exit ${idleCode}
  (
  ${rollbackScript(folder, 'the host itself, since a run was not confirmed', new Script('"$run"'), sh`[ "$(cat confirm 2>/dev/null)" = "$token" ] || exit ${idleCode}`)}
  )
  code=$?
  [ "$code" -ne ${busyCode} ] || sleep 1
done
[ "$code" -ne ${idleCode} ] || exit ${idleCode}
cd ${folder} || exit 1
rm -f -- confirm
printf '%s went back by itself: the run of %s was not confirmed within %s s\n' "$(date -u +%FT%TZ)" ${by} ${seconds} >went-back
exit "$code"`

/** Lets the host wait on, from now. */
export const extendScript = (note: RunNote, seconds: number): Script => sh`
cd ${note.folder} && read -r run _ <confirm || exit ${idleCode}
state=$PWD
${armFunction(note, seconds)}
arm`

const confirmScript = (folder: string): Script => sh`
cd ${folder} || exit 1
[ -e confirm ] || exit ${idleCode}
rm -f -- confirm went-back
systemctl stop ${`${unit}-*.timer`} 2>/dev/null
true`

/**
 * Confirms a run on a host over a new connection.
 * @param timeout seconds
 * @throws HostError where there is no new connection, or the host has gone back already
 */
export async function confirmRun(host: string, transport: Transport, folder: string, timeout: number): Promise<void> {
  await transport.close()
  await transport.connect()
  const { code, stderr } = await transport.run(confirmScript(folder).text, { timeout })
  if (code === idleCode) throw new HostError(`${host} has gone back by itself already`)
  if (code !== 0) throw new HostError(`${host}: the run can not be confirmed: ${stderr.trim()}`)
}

/** Lets the switch go off now; prints what is undone. */
export const goBackNow = (folder: string): Script => sh`
cd ${folder} && [ -e confirm ] || exit ${idleCode}
systemctl stop ${`${unit}-*.timer`} 2>/dev/null
exec bash ./go-back "$(cat confirm)"`
