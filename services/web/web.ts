import { sh } from '../../engine/base/sh.ts'
import type { Host } from '../../inventory/types.ts'
import { connects, type ContentOf, establishedOn, type ServiceOfKind } from '../service.ts'
import { sightings } from './sightings.ts'
import { sites } from './site.ts'
import { wire } from './wire.ts'

/** HTTP; every answer has a header that says which node it is from (the article's `add_header`). */
export const http = (content: ContentOf<'http'>): ServiceOfKind => web(content, 'HTTP_GET', [])

/** HTTP over TLS, with certificates of the user's. */
export const https = (content: ContentOf<'https'>): ServiceOfKind => web(content, 'SSL_GET', ['enable_sni'])

function web(content: ContentOf<'http' | 'https'>, check: string, more: readonly string[]): ServiceOfKind {
  const { type, port, host, path, header, managed, unit } = content
  const url = `${type}://${host}${path}`
  return {
    port,
    protocols: ['TCP'],
    unit,
    isSetUp: managed,
    packages: () => [...(managed ? ['nginx'] : []), 'curl'],
    tasks: (target) => sites(target, content),
    healthCheck: () => ({
      type: check,
      lines: ['url {', `    path ${path}`, '    status_code 200', '}', `virtualhost ${host}`, ...more],
    }),
    asking: {
      program: new URL('question.py', import.meta.url),
      ...wire(header),
      question: `${url}?%#${header}`,
      ...(type === 'https' && { tls: host }),
    },
    answerOf: ({ identity }) => identity,
    localCheck: connects(port),
    selfCheckProgram: 'curl',
    selfCheck: (node: Host, address) => sh`
said=$(curl -qsSk -m 4 --noproxy '*' -o /dev/null -D - --resolve ${`${host}:${port}:${address}`} ${`${type}://${host}:${port}${path}`} 2>&1) || true
said=\${said//$'\r'/}
# Who passes an answer on puts itself behind those before it; what is told on the way to an answer has a status of its own.
by=$(grep -i ${`^${header}:`} <<<"$said" | tail -n 1) || true
read -r by <<<"\${by##*[:,]}"
status=$(grep '^HTTP/' <<<"$said" | tail -n 1) || true
[[ $by = ${node.identity} && $status =~ ^HTTP/[0-9.]*' 200'( |$) ]] || {
  why=\${status:-$(head -n 1 <<<"$said")}
  case $why in HTTP/*' 200'*) why=${`no header ${header}: ${node.identity}`} ;; esac
  echo ${`${unit} does not answer for ${url} on ${address}`} "($why)" >&2
  exit 1
}`,
    // Where others log to is not known.
    ...(managed && { sightings }),
    openConnections: establishedOn(port),
  }
}
