// A web site on every node that says which node it is. `vars: { port: 8081 }` in the inventory takes another port.
import { file, packages, playbook, service, sh, type Task, unchanged } from 'keepalived-playbooks'

const site = '/etc/nginx/sites-enabled/whoami'
const root = '/srv/whoami'

/** A task of one's own: a folder that everybody may read. */
const folder = (path: string): Task => ({
  name: `folder ${path}`,
  key: `folder ${path}`,
  probe: sh`[ -d ${path} ]`,
  plan: ({ code }) =>
    code === 0
      ? unchanged()
      : {
          before: '',
          after: path,
          apply: sh`install -d -m 755 ${path}`,
          // It may hold what somebody has put there since.
          undo: sh`[ ! -d ${path} ] || rmdir --ignore-fail-on-non-empty ${path}`,
        },
})

await playbook(import.meta.url, {
  title: 'A site that says which node it is',
  tasks: ({ host, facts, vars }) => [
    packages({ facts }, 'nginx-light'),
    folder(root),
    file(`${root}/index.html`, `${host.name}\n`),
    file(site, `server {\n  listen ${host.address}:${Number(vars.port ?? 8080)};\n  root ${root};\n}\n`),
    service('nginx', { reloadOn: [site] }),
  ],
})
