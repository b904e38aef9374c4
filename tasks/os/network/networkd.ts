import { posix } from 'node:path'
import { sh } from '../../../engine/base/sh.ts'
import { file, ownFile } from '../../file.ts'
import { service } from '../../service.ts'
import type { NetworkManager } from './network-manager.ts'

// systemd-networkd takes every address and route away that it did not set itself, when it starts again or loses the
// carrier: the VIP, and the routes of level 3 (networkd.conf(5), systemd.network(5)). Rules belong to no interface: it
// takes them away also where it has another interface than ours.
const conf = '/etc/systemd/networkd.conf.d/keepalived.conf'
const foreign = `${ownFile}[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n`
const keep = `${ownFile}[Network]\nKeepConfiguration=yes\nIgnoreCarrierLoss=yes\n`

// A drop-in may lie in /etc whatever folder the file is in: netplan's are in /run.
const dropIn = (networkFile: string) => `/etc/systemd/network/${posix.basename(networkFile)}.d/keepalived.conf`

const fileOf = (device: string) => `/etc/systemd/network/50-keepalived-${device}.network`

export const networkd: NetworkManager = {
  name: 'networkd',
  title: 'systemd-networkd (also by netplan)',
  fileOf,
  tasks: (kept, given) => {
    const files = [
      file(conf, foreign),
      ...kept.map((found) => file(dropIn(found), keep)),
      ...(given ? [file(fileOf(given.device), networkText(given.device, given.address))] : []),
    ]
    // The restart takes the new files up and, with them, leaves what is there alone.
    const restartOn = files.flatMap(({ resources }) => resources ?? [])
    return [...files, service('systemd-networkd', { restartOn })]
  },
  up: (device) => sh`networkctl reconfigure ${device}`,
  // Its file is put back later, and what it has set is taken away by hand.
  down: () => sh`true`,
}

const networkText = (device: string, address: string) => `${ownFile}[Match]
Name=${device}

[Link]
RequiredForOnline=no

[Network]
Address=${address}/32
LinkLocalAddressing=no
IPv6AcceptRA=no
KeepConfiguration=yes
IgnoreCarrierLoss=yes
`
