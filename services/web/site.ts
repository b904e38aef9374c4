import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { service } from '../../tasks/service.ts'
import type { Target } from '../../tasks/target.ts'
import { template } from '../../tasks/template.ts'
import type { ServiceContent } from '../service.ts'
import { questionLog } from './sightings.ts'

/** Read by nginx with all others of this folder, in the block `http`. */
const conf = '/etc/nginx/conf.d/keepalived-health.conf'

/** nginx with a site of its own for checks, and with the header in the answers of all sites. */
export function site({ host, place }: Target, content: ServiceContent<'http' | 'https'>): Task[] {
  const certified =
    content.type === 'https' ? (['certificate', 'key'] as const).map((key) => ({ key, path: content[key] })) : []
  return [
    ...certified.map(({ path, key }) => isThere(path, place(['cluster', 'service', key]))),
    template(
      conf,
      'health.nginx.conf',
      { site: content, identity: host.identity, questionLog },
      {
        // A configuration of this file alone; another program may have the port, which is told elsewhere.
        validate: sh`
printf 'error_log stderr;\nevents {}\nhttp { include %s; }\n' "$file" >"$file.alone"
said=$(nginx -t -q -c "$file.alone" 2>&1) && code=0 || code=$?
rm -f -- "$file.alone"
[ "$code" -eq 0 ] || { tail -n 1 <<<"$said"; exit 1; }`,
      },
    ),
    service('nginx', { reloadOn: [conf, ...certified.map(({ path }) => path)] }),
  ]
}

/** A file that the playbooks do not write. @param place where the inventory names it */
const isThere = (path: string, place: string): Task => ({
  name: `${path} is there`,
  probe: sh`[ -f ${path} ]`,
  plan: ({ code }) => {
    if (code !== 0)
      throw new UserError(`${place}: there is no file ${path} on this host: put it there, then run again`, 1)
    return unchanged()
  },
})
