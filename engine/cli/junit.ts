import ejs from 'ejs'
import type { Documents } from '../../documents/all.ts'
import { exitCode } from '../base/errors.ts'
import { unifiedDiff } from '../base/diff.ts'
import { printable } from '../base/printable.ts'

type AnyDocument = Documents[keyof Documents]
type Host = NonNullable<Documents['run']['hosts']>[number]

/** A test case as JUnit has it; without a kind it has passed. */
interface Case {
  name: string
  seconds?: number
  kind?: 'failure' | 'error' | 'skipped'
  message?: string
  text?: string
}

interface Suite {
  name: string
  seconds: number
  cases: Case[]
}

/** Escapes what XML gives a meaning to. */
const page = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="<%= name %>">
<% for (const { name, seconds, cases, count } of suites) { -%>
  <testsuite name="<%= name %>" tests="<%= cases.length %>" failures="<%= count('failure') %>" errors="<%= count('error') %>" skipped="<%= count('skipped') %>" time="<%= seconds.toFixed(3) %>">
<% for (const one of cases) { -%>
    <testcase classname="<%= name %>" name="<%= one.name %>" time="<%= (one.seconds ?? 0).toFixed(3) %>"<% if (!one.kind) { %>/><% } else { %>>
      <<%= one.kind %> message="<%= one.message ?? '' %>"><%= one.text ?? '' %></<%= one.kind %>>
    </testcase><% } %>
<% } -%>
  </testsuite>
<% } -%>
</testsuites>
`

/**
 * @param document what `--json` prints, secrets removed
 * @returns a report as JUnit has it: a suite for each host, with a case for each change, and one for the cluster. What would change
 *   in check mode has failed
 */
export function junit(document: AnyDocument): string {
  const suites = suitesOf(document)
  const counted = suites.map((one) => ({
    ...one,
    count: (kind: Case['kind']) => one.cases.filter((each) => each.kind === kind).length,
  }))
  return printable(ejs.render(page, { name: document.playbook, suites: counted }))
}

function suitesOf(document: AnyDocument): Suite[] {
  if (document.document === 'clusters')
    return (document.clusters ?? []).flatMap(({ inventory, document: own }) =>
      suitesOf(own as unknown as AnyDocument).map((one) => ({ ...one, name: `${inventory} ${one.name}` })),
    )
  const suites = [
    ...(document.document === 'run' ? (document.hosts ?? []).map(ofHost) : []),
    ...(document.document === 'rollback' ? (document.hosts ?? []).map(ofRollback) : []),
    ...ofCluster(document),
    ...(document.error === undefined
      ? []
      : [suite('playbook', [{ name: document.playbook, kind: 'error' as const, message: document.error }])]),
    ...(document.exitCode === exitCode.interrupted
      ? [suite('playbook', [{ name: document.playbook, kind: 'error' as const, message: 'interrupted' }])]
      : []),
  ]
  // Nothing is green that did not end well.
  const isTold = suites.some(({ cases }) => cases.some(({ kind }) => kind === 'failure' || kind === 'error'))
  if (isTold || document.exitCode === exitCode.ok || document.exitCode === exitCode.changesFound) return suites
  return [
    ...suites,
    suite('playbook', [{ name: document.playbook, kind: 'error', message: endedWith(document.exitCode) }]),
  ]
}

const endedWith = (code: number) => `ended with exit code ${code}`

type RolledBack = NonNullable<Documents['rollback']['hosts']>[number]

const ofRollback = ({ host, undone, code }: RolledBack): Suite =>
  suite(host, [
    code === exitCode.ok
      ? { name: undone ? 'its run is undone' : 'nothing to undo' }
      : { name: 'undo its run', kind: code === exitCode.unreachable ? 'error' : 'failure', message: endedWith(code) },
  ])

const suite = (name: string, cases: Case[], seconds = 0): Suite => ({ name, seconds, cases })

function ofHost({ host, status, tasks, changes, failure, notTried, leftOut = [], seconds }: Host): Suite {
  const drift = status === 'would change'
  return suite(
    host,
    [
      ...changes.map(({ task, before, after, seconds: took }): Case => ({
        name: task,
        seconds: took,
        ...(drift && { kind: 'failure', message: 'would change', text: unifiedDiff(before, after) }),
      })),
      ...(failure
        ? [
            {
              name: failure.task ?? 'begin',
              kind: status === 'unreachable' ? ('error' as const) : ('failure' as const),
              message: failure.reason,
            },
          ]
        : [{ name: `the rest of ${tasks} tasks: nothing to change` }]),
      ...notTried.map((name): Case => ({ name, kind: 'skipped', message: 'not tried' })),
      ...leftOut.map((name): Case => ({ name, kind: 'skipped', message: 'left out' })),
    ],
    seconds,
  )
}

function ofCluster(document: AnyDocument): Suite[] {
  const findings =
    'cluster' in document && document.cluster && 'findings' in document.cluster
      ? document.cluster.findings
      : 'findings' in document
        ? document.findings
        : undefined
  // What a rolling reboot found before and tolerated has not failed.
  const kind = document.document === 'rolling-reboot' && document.exitCode === exitCode.ok ? 'skipped' : 'failure'
  const steps = 'steps' in document ? (document.steps ?? []) : []
  const cases = [
    ...steps.map(({ node, step, seconds }): Case => ({ name: `${node}: ${step}`, seconds })),
    ...(findings ?? []).map(({ code, node, text }): Case => ({
      name: node === undefined ? code : `${code} ${node}`,
      kind,
      message: text,
    })),
    ...(findings?.length === 0 ? [{ name: 'nothing is wrong' }] : []),
  ]
  return cases.length > 0 ? [suite('cluster', cases)] : []
}
