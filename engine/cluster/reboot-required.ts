import { type Script, sh } from '../base/sh.ts'

/**
 * Prints why a host wants to be rebooted, in a line; nothing where it does not. Packages of Ubuntu, and of Debian with
 * unattended-upgrades, leave a note; RHEL has needs-restarting(1), which ends with 1 also where it fails; elsewhere a kernel tells that is
 * newer than the one of its kind that runs.
 */
export const whyReboot: Script = sh`
export LC_ALL=C
if [ -e /run/reboot-required ]; then
  echo "$(sort -u /run/reboot-required.pkgs 2>/dev/null | paste -sd ' ') asked for it" | sed 's/^ asked/a package asked/'
  exit
fi
if command -v needs-restarting >/dev/null && needs-restarting -r 2>/dev/null | grep -q '^Reboot is required'; then
  echo 'needs-restarting -r says so'
  exit
fi
running=$(uname -r)
[ -e "/boot/vmlinuz-$running" ] || exit 0
# Numbers apart, names of a kind are the same.
kind() { sed -E 'h; s/[0-9._]+/#/g; G; s/\n/ /'; }
read -r same _ < <(kind <<<"$running")
newest=$(printf '%s\n' /boot/vmlinuz-[0-9]* | sed 's|^/boot/vmlinuz-||' | kind | awk -v same="$same" '$1 == same { print $2 }' | sort -V | tail -n 1)
[ "$newest" = "$running" ] || echo "the kernel $newest is installed, and $running runs"`
