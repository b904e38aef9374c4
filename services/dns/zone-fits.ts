import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'

interface Places {
  zone: string
  /** Where the configuration begins. */
  conf: string
  /** The file of others that is to include ours. */
  included: string
  /** Ours, and what it says. */
  own: string
  text: string
}

/**
 * A check that named can have the zone where the run is going to put it, found by trying: in a mount namespace `included` has
 * our text at its end. Where views are used, a zone outside of them makes named refuse everything at its start.
 */
export const zoneFits = ({ zone, conf, included, own, text }: Places): Task => ({
  name: `named can have the zone ${zone} in ${included}`,
  // Where it is included already there is nothing to try; where somebody else's zone goes first, the change itself tries it.
  probe: sh`
command -v named-checkconf >/dev/null && [ -e ${conf} ] && [ -e ${included} ] || exit 0
if grep -qxF ${`include "${own}";`} ${included}; then exit; fi
check() { said=$(named-checkconf -p ${conf} 2>&1); }
has() { grep -qiF ${`zone "${zone}"`} <<<"$said"; }
check || { echo "broken=$(tail -n 1 <<<"$said")"; exit; }
if has; then exit; fi
export -f check has
exec unshare --mount bash -c ${inside(included, text).text} 2>/dev/null`,
  plan: ({ text: printed }, planned) => {
    const [, word, said] = printed.match(/^(broken|refused|unread)=(.*)$/m) ?? []
    if (!word || planned.changes(included)) return unchanged()
    const why: Record<string, string> = {
      broken: `named-checkconf refuses ${conf} as it is (${said}): mend that first`,
      refused:
        `named-checkconf refuses the zone ${zone} at the end of ${included} (${said}): where ${conf} has views, include ` +
        `${included} inside of the view that nodes and clients get`,
      unread: `named does not read ${included}, where the zone ${zone} is put: add to ${conf}: include "${included}";`,
    }
    throw new UserError(why[word]!, 1)
  },
})

const inside = (included: string, text: string) => sh`
mount -t tmpfs none /mnt && cat ${included} >/mnt/tried && printf '\n%s' ${text} >>/mnt/tried && mount --bind /mnt/tried ${included} || exit
if ! check; then echo "refused=$(tail -n 1 <<<"$said")"; elif ! has; then echo unread=; fi`
