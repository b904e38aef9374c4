// A web site on every node that says which node it is. `vars: { port: 8081 }` in the inventory takes another port.
import { file, packages, playbook, service } from 'keepalived-playbooks'
import { link } from './link.ts'

const site = '/etc/nginx/sites-available/whoami'
const enabled = '/etc/nginx/sites-enabled/whoami'
const root = '/srv/whoami'

await playbook(import.meta.url, {
  title: 'A site that says which node it is',
  tasks: ({ host, facts, vars }) => [
    packages({ facts }, 'nginx-light'),
    file(`${root}/index.html`, `${host.name}\n`),
    file(site, `server {\n  listen ${host.address}:${Number(vars.port ?? 8080)};\n  root ${root};\n}\n`),
    link(enabled, site),
    service('nginx', { reloadOn: [site, enabled] }),
  ],
})
