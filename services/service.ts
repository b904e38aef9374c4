import type { Facts } from '../engine/runner/facts.ts'
import type { TaskTree } from '../engine/runner/task.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import type { Asking } from '../engine/clients/question.ts'
import type { Protocol } from '../engine/clients/losses.ts'
import type { Cluster, Host } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'

/** A health check of keepalived for a real server (keepalived.conf(5), REAL SERVER CHECKER). */
export interface HealthCheck {
  /** Its block: `TCP_CHECK`. */
  type: string
  /** What the block says beside addresses and times, line by line. */
  lines: readonly string[]
}

/** How a node shows the questions of a client, and from where it saw them come. */
export interface Sightings {
  /** Exit code 0 where the log of questions is on. */
  isOn: Script
  /** Turns the log on, and off. */
  on: Script
  off: Script
  /**
   * Prints `ADDRESS QUESTION` for each question whose label begins with the tag, since the second `$began`; ADDRESS is
   * the client's as the service saw it, QUESTION begins with the label. Prints nothing where the log is elsewhere.
   */
  print(tag: string): Script
}

/** What a cluster serves, on every node. One folder each, and a line in `all.ts`. */
export interface Service extends Asking {
  port: number
  protocols: readonly Protocol[]
  /** The systemd unit. Its state is the service's, and errors in its journal count. */
  unit: string
  /** @returns the packages that it needs. @throws UserError for a host of an unknown operating system */
  packages(facts: Facts): string[]
  /** Sets it up, so that a client sees which node has answered. */
  tasks(target: Target): TaskTree
  /** The check by which directors keep a real server in the pool of a protocol. */
  healthCheck(protocol: Protocol): HealthCheck
  /** @returns what an answer of this node is */
  answerOf(host: Host): string
  /** Runs on a node: exit code 0 where its own service answers on an address of it, else a line on stderr that says why. */
  selfCheck(host: Host, address: string): Script
  /** The program on the node that `selfCheck` needs; a package of the service brings it. */
  selfCheckProgram: string
  sightings: Sightings
  /** Runs on a node: prints how many connections of clients its service has open. */
  openConnections: Script
}

/** What the inventory says of a service, by its type. */
export type ServiceContent<Type = string> = Extract<Cluster['service'], { type: Type }>

/** A kind of service: what the inventory says becomes a service. */
export type ServiceKind<Content = Cluster['service']> = (content: Content) => Service

/** `openConnections` of a service that has its TCP connections on a port (ss(8)). */
export const establishedOn = (port: number): Script =>
  sh`ss -Htn state established sport = ${`:${port}`} | grep -vc 127.0.0.1: || true`
