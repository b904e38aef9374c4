import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { localUser } from '../base/local-user.ts'
import type { RunNote } from '../runner/note.ts'
import { clusterScope } from '../runner/baselines.ts'

/** Where each host keeps the lock and the journal of the runs. */
const stateFolder = '/var/lib/keepalived-playbooks'

/** @returns who changes hosts now, and with what: for their journals, and for others who want to change them */
export const runNote = (title: string, scope: string = clusterScope): RunNote => ({
  scope,
  id: `${new Date().toISOString().replaceAll(':', '-').replace(/\..*/, 'Z')}-${randomBytes(2).toString('hex')}`,
  folder: stateFolder,
  by: `${localUser().username} on ${hostname()}, ${new Date().toISOString()}, ${title}`,
})
