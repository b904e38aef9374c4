import { HostError } from '../base/errors.ts'
import { Script, sh } from '../base/sh.ts'
import { runLater } from '../base/timer.ts'
import type { Transport } from '../transport/transport.ts'
import type { RunNote } from './note.ts'
import { rollbackScript } from './rollback.ts'
import { busyCode } from './lock.ts'
import { switchFunctions, switchUnit } from './switch.ts'

// The dead man's switch of a run: a host undoes the changes of a run by itself, unless the run is confirmed over a new
// connection. A change may cut the way in that the run itself came by, and that connection would not notice.
// In the state folder: `confirm` has the run and a token while the switch is armed, `go-back` is what the timer starts,
// `went-back` has a run that was undone and tells of it, until another one is confirmed.

/** The exit code where the switch is not armed any more. */
const idleCode = 77

/**
 * The bash function `arm` for a script that has the variable `run` and `switchFunctions`: the switch goes off after some
 * seconds from now, whatever was armed before.
 * @param seconds 0 for no switch
 */
export const armFunction = ({ folder, by }: RunNote, seconds: number): Script =>
  seconds === 0
    ? sh`arm() { true; }`
    : sh`
arm() { alone arm_now; }
arm_now() {
  local token="$run $RANDOM$RANDOM"
  # A new file: bash may be at work on the old one.
  printf '%s\n' ${goBack(folder, by, seconds).text} >"$state/go-back.new" &&
    mv -f -- "$state/go-back.new" "$state/go-back" &&
    printf '%s\n' "$token" >"$state/confirm.new" && mv -f -- "$state/confirm.new" "$state/confirm" || return 1
  systemctl stop ${`${switchUnit}-*.timer`} 2>/dev/null
  ${runLater(sh`${switchUnit}-"$RANDOM$RANDOM"`, seconds, sh`bash "$state/go-back" "$token"`)} 8>&- 9>&-
}`

// A change that is under way holds the lock, and arms the switch again at its end. Once begun, it can't be confirmed any more.
const goBack = (folder: string, by: string, seconds: number): Script => sh`
token=$1 run=\${1% *} code=${busyCode}
tell() { printf '%s %s %s\n' "$run" "$(date -u +%FT%TZ)" "$1 by itself: the run of "${by}" was not confirmed within ${seconds} s$2" >${folder}/went-back; }
begin() { [ "$(cat confirm 2>/dev/null)" = "$token" ] && tell 'began to go back' '; it was broken off' && rm -f confirm && { systemctl stop ${`${switchUnit}-*.timer`} 2>/dev/null || true; }; }
while [ "$code" -eq ${busyCode} ]; do
  [ "$(cat ${folder}/confirm 2>/dev/null)" = "$token" ] || exit ${idleCode}
  (
  ${rollbackScript(folder, 'the host itself, since a run was not confirmed', new Script('"$run"'), sh`alone begin || exit ${idleCode}`)}
  )
  code=$?
  [ "$code" -ne ${busyCode} ] || sleep 1
done
case $code in
  0) tell 'went back' '' ;;
  ${idleCode}) ;;
  *) tell 'went back in part' '; rollback.mts shows what is left and tries it again' ;;
esac
exit "$code"`

/** Whether the run in a file of the switch is this one; for a script in the state folder. */
const isIn = (file: string, { id }: RunNote): Script =>
  sh`{ read -r run _ <${file}; } 2>/dev/null && [[ $run == *-${id} ]]`

/** Lets the host wait on, from now. */
export const extendScript = (note: RunNote, seconds: number): Script => sh`
cd ${note.folder} || exit ${idleCode}
${switchFunctions}
${armFunction(note, seconds)}
extend() { ${isIn('confirm', note)} || exit ${idleCode}; arm_now; }
alone extend`

const confirmScript = (note: RunNote): Script => sh`
cd ${note.folder} || exit 1
${switchFunctions}
if disarm '*'-${note.id}; then rm -f went-back; sync .; exit 0; fi
! { ${isIn('went-back', note)}; } || exit ${idleCode}`

/**
 * Confirms a run on a host over a new connection; a host that does not wait for that has nothing to confirm.
 * @param timeout seconds
 * @throws HostError where there is no new connection, or the host has gone back already
 */
export async function confirmRun(host: string, transport: Transport, note: RunNote, timeout: number): Promise<void> {
  await transport.close()
  await transport.connect()
  const { code, stderr } = await transport.run(confirmScript(note).text, { timeout })
  if (code === idleCode) throw new HostError(`${host} has gone back by itself already`)
  if (code !== 0) throw new HostError(`${host}: the run can not be confirmed: ${stderr.trim()}`)
}

/**
 * Ends the wait of a run whose timer is gone: what it changed stays, and what it had planned and not begun when the power failed
 * is forgotten.
 * @param run its name in the journal
 */
export const keepScript = (folder: string, run: string): Script => sh`
cd ${folder} || exit 1
${switchFunctions}
disarm ${run}
rm -f -- journal/${run}/*.plan`

/** Lets the switch go off now; prints what is undone. */
export const goBackNow = (note: RunNote): Script => sh`
cd ${note.folder} || exit ${idleCode}
if ${isIn('went-back', note)}; then echo 'has gone back by itself already'; exit 0; fi
if ! { ${isIn('confirm', note)}; }; then echo 'does not wait any more, and stays as it is' >&2; exit ${idleCode}; fi
exec bash ./go-back "$(cat confirm)"`
