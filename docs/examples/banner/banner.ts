import { sh } from '../../../engine/base/sh.ts'
import { asciiOf } from '../../../engine/clients/question.ts'
import { connects, establishedOn, type ServiceKind } from '../../../services/service.ts'
import { answer, bannerTasks } from './tasks.ts'

/** A server that greets each TCP connection with the identity of its node. */
export const banner: ServiceKind = ({ port }) => ({
  port,
  protocols: ['TCP'],
  unit: 'banner.socket',
  isSetUp: true,
  packages: () => [],
  tasks: (target) => bannerTasks(target, port),
  healthCheck: () => ({ type: 'TCP_CHECK', lines: [] }),
  asking: {
    question: '%',
    encode: (_, name) => Buffer.from(`${name}\n`),
    read: (_, got) => {
      const end = got.indexOf('\n')
      return end < 0 ? undefined : { text: asciiOf(got.subarray(0, end)) }
    },
    program: new URL('question.py', import.meta.url),
  },
  answerOf: answer,
  localCheck: connects(port),
  selfCheckProgram: 'bash',
  selfCheck: (host, address) => sh`
(exec 3<>${`/dev/tcp/${address}/${port}`} && read -r -t 3 line <&3 && [ "$line" = ${answer(host)} ]) 2>/dev/null ||
  { echo ${`the banner of ${host.name} does not come from ${address}`} >&2; exit 1; }`,
  sightings: {
    // It logs every question anyhow.
    isOn: sh`true`,
    on: sh`true`,
    off: sh`true`,
    print: (tag) => sh`journalctl -q -o cat -u 'banner@*' --since "@$began" --no-pager | grep -F ${tag}`,
  },
  openConnections: establishedOn(port),
})
