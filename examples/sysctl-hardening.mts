// Kernel settings of a hardened server, on every node.
import { playbook, sysctl } from 'keepalived-playbooks'

await playbook(import.meta.url, {
  title: 'Hardened kernel settings',
  tasks: () =>
    sysctl('/etc/sysctl.d/60-hardening.conf', {
      'kernel.dmesg_restrict': 1,
      'net.ipv4.conf.all.accept_redirects': 0,
      'net.ipv4.conf.all.send_redirects': 0,
    }),
})
