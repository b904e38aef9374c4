/** What one execution of a script printed and how it ended. */
export interface Outcome {
  stdout: Buffer
  stderr: string
  /** The exit code, or null where a signal ended the script. */
  code: number | null
}

export interface ExecutionOptions {
  /** Seconds after which nobody listens any more, and the host ends the script. */
  timeout: number
  /** The host does not end it: what must not be broken off goes on there when time is up. */
  lasting?: boolean
  /** Called with each piece of stdout as it arrives. */
  onStdout?: (chunk: Buffer) => void
  /**
   * The script learns whether its operator lives: a line comes to its stdin every so many seconds until `left` aborts,
   * and then the end. Without one, stdin is at its end from the beginning.
   */
  operator?: { left: AbortSignal; beat: number }
}

/** How bash scripts reach a host, where they run as root. */
export interface Transport {
  /** Opens the connection, once however often it is called. @throws HostError with the reason and what to do next */
  connect(): Promise<void>
  /**
   * Sends a bash script through stdin, so that nothing in it shows in a process list, and waits for its end.
   * Never sends it a second time. @throws HostError when the connection is lost, time is up, or sudo refuses
   */
  run(script: string, options: ExecutionOptions): Promise<Outcome>
  /** Ends the connection; safe to call twice. After it `connect` opens a new one, as to a host that has rebooted. */
  close(): Promise<void>
}
