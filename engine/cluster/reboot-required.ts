import { type Script, sh } from '../base/sh.ts'

/** Prints why a host wants to be rebooted, in a line; nothing where it does not (needs-restarting(1) on RHEL). */
export const whyReboot: Script = sh`
if [ -e /run/reboot-required ]; then
  echo "$(sort -u /run/reboot-required.pkgs 2>/dev/null | paste -sd ' ') asked for it" | sed 's/^ asked/a package asked/'
elif command -v needs-restarting >/dev/null; then
  needs-restarting -r >/dev/null 2>&1 || echo 'needs-restarting -r says so'
fi`
