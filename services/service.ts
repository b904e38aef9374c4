import type { Facts } from '../engine/runner/facts.ts'
import type { TaskTree } from '../engine/runner/task.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import type { Asking } from '../engine/clients/question.ts'
import type { Protocol } from '../engine/clients/losses.ts'
import { serves } from '../inventory/roles.ts'
import type { Host, ServiceContent } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'

/** A health check of keepalived for a real server (keepalived.conf(5), REAL SERVER CHECKER). */
export type HealthCheck =
  | {
      /** Its block: `TCP_CHECK`. */
      type: string
      /** What the block says beside addresses and times, line by line. */
      lines: readonly string[]
      /** What it asks, where that is not what clients are sent to. */
      asks?: { protocol: 'tcp' | 'udp'; toPort: number }
    }
  | {
      /** Run in place of a block; address and port of the real server become its last words. */
      program: string
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

/** A service of a kind, on every node. One folder each, and a line in `all.ts`. */
export interface ServiceOfKind {
  /** Where it listens. */
  port: number
  protocols: readonly Protocol[]
  /** The systemd unit. Its state is the service's, and errors in its journal count. None for one that is not known. */
  unit?: string
  /** Whether the tasks set up that unit; the user does otherwise, who knows whose program listens. */
  isSetUp?: boolean
  /** @returns the packages that it needs. @throws UserError for a host of an unknown operating system */
  packages(facts: Facts): string[]
  /** Sets it up, so that a client sees which node has answered. */
  tasks(target: Target): TaskTree
  /** The check by which directors keep a real server in the pool of a protocol. */
  healthCheck(protocol: Protocol): HealthCheck
  /** How clients ask it; none where only its program knows. */
  asking?: Asking
  /** @returns what an answer of this node is; empty where answers do not say whose they are */
  answerOf(host: Host): string
  /** Runs on a node: exit code 0 where its own service answers on an address of it, else a line on stderr that says why. */
  selfCheck(host: Host, address: string): Script
  /**
   * @param timeout in seconds
   * @returns the command by which keepalived sees on a node that its own service works: a program, and words without quotes
   */
  localCheck(host: Host, timeout: number): string
  /** The program on the node that `selfCheck` needs; a package of the service brings it. */
  selfCheckProgram: string
  /** None where the service's program keeps that to itself. */
  sightings?: Sightings
  /** Runs on a node: prints how many connections of clients its service has open. */
  openConnections: Script
}

/** A service that a cluster offers. */
export interface Service extends ServiceOfKind {
  /** The key in the inventory, or the type of one that has none. */
  name: string
  /** Where clients ask. */
  clientPort: number
  /** How its clients are shared out, where that is not as in the whole cluster. */
  balancing?: ServiceContent['balancing']
  /** The names of its real servers, and the virtual IPs at which clients ask; without them, all. */
  hosts?: readonly string[]
  vips?: readonly string[]
}

/** @returns whether clients of a service are sent to a host */
export const isServedBy = ({ hosts }: Pick<Service, 'hosts'>, host: Host): boolean =>
  serves(host) && (hosts === undefined || hosts.includes(host.name))

/** What the inventory says of a service, by its type. */
export type ContentOf<Type> = Extract<ServiceContent, { type: Type }>

/** @returns what the inventory says of a service, with the port at which it listens */
export const onNode = <Content extends ServiceContent>(content: Content): Content =>
  content.real_port === undefined ? content : { ...content, port: content.real_port }

/** A kind of service: what the inventory says becomes a service. */
export type ServiceKind<Content = ServiceContent> = (content: Content) => ServiceOfKind

/** `localCheck` of a service that takes TCP connections at a port. */
export const connects =
  (port: number): ServiceOfKind['localCheck'] =>
  ({ address }, timeout) =>
    `/bin/nc -z -w ${timeout} ${address} ${port}`

/** `localCheck` of a name server that has to know a name (host(1), which fails for one that is not there). */
export const knowsName =
  (name: string, { record = 'A', port = 53 } = {}): ServiceOfKind['localCheck'] =>
  ({ address }, timeout) =>
    `/usr/bin/host -W ${timeout} -R 1 -p ${port} -t ${record} ${name}. ${address}`

/**
 * keepalived loses count of scripts that hang, where it starts them more often than it ends them.
 * @param timeout in seconds
 */
export const bounded = (command: string, timeout: number): string => `/usr/bin/timeout -k 1 ${timeout} ${command}`

/** `openConnections` of a service that has its TCP connections on a port (ss(8)); what the node asks itself is no client's. */
export const establishedOn = (port: number): Script =>
  sh`ss -Htn state established sport = ${`:${port}`} | grep -vcE '127\.0\.0\.1\]?:|\[::1\]:' || true`
