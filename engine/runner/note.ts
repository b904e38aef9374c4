/** The author of a run, for the journal and for others who find the lock taken. */
export interface RunNote {
  /** Sorts by time: `2026-03-01T12-00-00Z-1a2b`. */
  id: string
  /** One line: who, from where, with which playbook. */
  by: string
  /** The folder on the host, of root alone, with the lock and the journal of how to undo what runs have changed. */
  folder: string
  /** Names what the run is about; it gives back only what runs of its scope have made. */
  scope: string
}
