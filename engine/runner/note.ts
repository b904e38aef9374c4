/** The author of a run, for the journal and for others who find the lock taken. */
export interface RunNote {
  /** Names the run on all of its hosts: `2026-03-01T12-00-00Z-1a2b`. */
  id: string
  /** One line: who, from where, with which playbook. */
  by: string
  /** The folder on the host, accessible to root only, with the host lock and the journal of undo scripts. */
  folder: string
  /** The scope of the run; it restores only changes made by runs of the same scope. */
  scope: string
}
