import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../../engine/base/errors.ts'
import { lines, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { accepted } from '../../tasks/accepted.ts'
import { file } from '../../tasks/file.ts'
import { service } from '../../tasks/service.ts'
import type { ServiceContent } from '../../inventory/types.ts'
import type { Target } from '../../tasks/target.ts'
import { render } from '../../tasks/template.ts'
import { type ContentOf, onNode } from '../service.ts'
import { questionLog } from './sightings.ts'

/** Read by nginx with all others of this folder, in the block `http`. */
const conf = '/etc/nginx/conf.d/keepalived-health.conf'

/**
 * nginx with sites of its own for checks, and with the header in the answers of all sites. All services have one file, so
 * that what they share is said once: the first brings it.
 */
export function sites({ cluster, host, place }: Target, content: Site): Task[] {
  const all = Object.entries(cluster.services).flatMap(([name, one]): [string, Site][] =>
    isSite(one) ? [[name, onNode(one)]] : [],
  )
  if (!isDeepStrictEqual(all[0]?.[1], content)) return []
  const certified = all.flatMap(([name, site]) =>
    site.type === 'https'
      ? (['certificate', 'key'] as const).map((key) => ({ where: ['cluster', 'services', name, key], path: site[key] }))
      : [],
  )
  const managed = all.map(([, site]) => site)
  const headers = [...new Set(managed.map(({ header }) => header))]
  const text = render('health.nginx.conf', { sites: managed, headers, identity: host.identity, questionLog })
  return [
    ...certified.map(({ path, where }) => isThere(path, place(where))),
    accepted(conf, text, {
      program: 'nginx',
      // nginx makes its logs and its pid file even then.
      validate: lines(
        sh`for one in /var/log /run /var/lib/nginx; do mount -t tmpfs none "$one" 2>/dev/null; done; mkdir /var/log/nginx`,
        validate,
      ),
      // A certificate that does not fit its key, among others; what earlier tasks write is judged with it in the run.
      refusal: (said, _, planned) =>
        certified.some(({ path }) => planned.changes(path))
          ? undefined
          : `nginx refuses ${conf}, which this run would write: ${said}. Correct that on the host, and run again`,
    }),
    file(conf, text, { validate }),
    service('nginx', { reloadOn: [conf, ...certified.map(({ path }) => path)] }),
  ]
}

// A configuration of this file alone; another program may have the port, which is told elsewhere.
const validate = sh`
printf 'error_log stderr;\nevents {}\nhttp { include %s; }\n' "$file" >"$file.alone"
said=$(nginx -t -q -c "$file.alone" 2>&1) && code=0 || code=$?
rm -f -- "$file.alone"
[ "$code" -eq 0 ] || { grep -v 'test failed$' <<<"$said" | tail -n 1; exit 1; }`

type Site = ContentOf<'http' | 'https'>

const isSite = (content: ServiceContent): content is Site => 'managed' in content && content.managed

/** A file that the playbooks do not write. @param place where the inventory names it */
const isThere = (path: string, place: string): Task => ({
  name: `${path} is there`,
  probe: sh`[ -f ${path} ]`,
  plan: ({ code }, planned) => {
    if (code !== 0 && !planned.changes(path))
      throw new UserError(`${place}: there is no file ${path} on this host: put it there, then run again`, 1)
    return unchanged()
  },
})
