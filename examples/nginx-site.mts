// A web site on every node that says which node it is.
import { file, packages, playbook, service, sh, type Task, unchanged } from 'keepalived-playbooks'

const site = '/etc/nginx/sites-enabled/whoami'

/** A task of one's own: the site that comes with the package is off. The package's file stays where it is. */
const noDefaultSite: Task = {
  name: 'no default site',
  key: 'no default site',
  resources: ['/etc/nginx/sites-enabled/default'],
  probe: sh`[ ! -e /etc/nginx/sites-enabled/default ]`,
  plan: ({ code }) =>
    code === 0
      ? unchanged()
      : {
          before: 'default site: on',
          after: 'default site: off',
          apply: sh`rm -f /etc/nginx/sites-enabled/default`,
          undo: sh`ln -sf ../sites-available/default /etc/nginx/sites-enabled/default`,
        },
}

await playbook(import.meta.url, {
  title: 'A site that says which node it is',
  tasks: (target) => [
    packages(target, 'nginx-light'),
    file(
      site,
      `server {\n  listen ${target.host.address}:${Number(target.vars.port ?? 8080)};\n  return 200 "${target.host.name}\\n";\n}\n`,
    ),
    noDefaultSite,
    service('nginx', { reloadOn: [site, '/etc/nginx/sites-enabled/default'] }),
  ],
})
