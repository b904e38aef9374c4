import { lines, sh } from '../../../engine/base/sh.ts'
import { isChange, type Task } from '../../../engine/runner/task.ts'
import { file, ownFile } from '../../file.ts'
import type { Given, NetworkManager } from './network-manager.ts'

const profileOf = (device: string) => `keepalived-${device}`
const fileOf = (device: string) => `/etc/NetworkManager/system-connections/${profileOf(device)}.nmconnection`

/** It leaves alone what it did not set, unless it sets the interface up anew: keepalived then puts its addresses back. */
export const networkManager: NetworkManager = {
  name: 'NetworkManager',
  title: 'NetworkManager',
  fileOf,
  madeItself: (file) => file.startsWith('/run/NetworkManager/'),
  // Files that others may read are not taken.
  tasks: (_, given) => (given ? [profile(file(fileOf(given.device), profileText(given), { mode: '600' }))] : []),
  up: (device) => sh`
nmcli connection load ${fileOf(device)}
nmcli -w 20 connection up ${profileOf(device)} ifname ${device}`,
  reapply: (device) => sh`
nmcli connection load ${fileOf(device)}
if [ "$(nmcli -g GENERAL.CONNECTION device show ${device})" = ${profileOf(device)} ]; then
  nmcli device reapply ${device}
else
  # Somebody has set the interface up by hand.
  nmcli -w 20 connection up ${profileOf(device)} ifname ${device}
fi`,
  down: (device) => sh`nmcli -w 20 connection down ${profileOf(device)} || true`,
}

/** A profile that goes is known until NetworkManager reads its files again. */
const profile = (task: Task): Task => ({
  ...task,
  plan: (...given) => {
    const answer = task.plan(...given)
    return isChange(answer) ? { ...answer, undo: lines(answer.undo, sh`at_end nmcli connection reload`) } : answer
  },
})

// nm-settings-keyfile(5). A profile that is made for the interface wins over one that NetworkManager makes for any.
const profileText = ({ device, address, way }: Given) => `${ownFile}[connection]
id=${profileOf(device)}
type=ethernet
interface-name=${device}
autoconnect-priority=100

[ipv4]
method=manual
address1=${address}/32
never-default=true
${way ? wayText(address, way) : ''}
[ipv6]
method=disabled
`

// To the kernel, an address of the host itself is a gateway only with a route to it in the same table.
const wayText = (address: string, { via, table, priority }: NonNullable<Given['way']>) => `route1=${via}/32
route1_options=table=${table}
route2=0.0.0.0/0,${via}
route2_options=table=${table}
routing-rule1=priority ${priority} from ${address} table ${table}
`
