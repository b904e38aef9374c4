// Metrics of every node for Prometheus, at one address alone. `vars` in the inventory, of the cluster, a group or a host, take
// another than port 9100 of the node's address: `vars: { metrics_address: 127.0.0.1, metrics_port: 9200 }`.
import { isIPv4 } from 'node:net'
import { file, packages, playbook, service, type Target, UserError } from 'keepalived-playbooks'

const unit = 'prometheus-node-exporter'
const dropIn = `/etc/systemd/system/${unit}.service.d/listen.conf`

/** @returns where metrics are served: `10.2.1.2:9100` @throws UserError where `vars` name no such place */
function listenAddress({ host, vars }: Target): string {
  const { metrics_address: address = host.address, metrics_port: port = 9100 } = vars
  // It becomes a word of a command, so it has to be nothing else than an address and a port.
  if (isIPv4(String(address)) && isPort(port)) return `${address}:${port}`
  throw new UserError('vars: metrics_address must be an IPv4 address, and metrics_port a number from 1 to 65535')
}

const isPort = (port: unknown) => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535

// What ARGS of /etc/default/prometheus-node-exporter says stays. The address has to be there before it can listen.
const content = (listen: string) => `[Unit]
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=
ExecStart=/usr/bin/prometheus-node-exporter $ARGS --web.listen-address=${listen}
`

await playbook(import.meta.url, {
  title: 'Metrics for Prometheus',
  tasks: (target) => [
    // Before the package, which starts its service at once, on all addresses otherwise.
    file(dropIn, content(listenAddress(target))),
    packages(target, unit),
    service(unit, { restartOn: [dropIn], unitFiles: [dropIn] }),
  ],
})
