import type { Sys } from '../sys/sys.ts';
import type { Bounds } from './bounds.ts';
import type { Call } from './call.ts';
import type { Chronicle } from './chronicle.ts';
import type { InForce } from './configuration.ts';
import type { ConfiguredUnits } from './configured/configured-units.ts';
import type { EventHub } from './events/hub.ts';
import type { EndedRuns } from './ended-runs.ts';
import type { LastStart } from './last-start.ts';
import type { Log } from './log.ts';
import type { LogHub } from './logs/log-hub.ts';
import type { AskedPorts } from './ports/asked-ports.ts';
import type { BoundSockets } from './ports/bound-sockets.ts';
import type { HeldPorts } from './ports/held-ports.ts';
import type { OnConnect } from './ports/on-connect.ts';
import type { OwnBinding } from './ports/own-binding.ts';
import type { Rules } from './rules/rules.ts';
import type { Reload } from './reload/reload.ts';
import type { Settings } from './settings.ts';
import type { Shutdown } from './shutdown.ts';
import type { StandardStreams } from './standard-streams.ts';
import type { Supervisor } from './supervisor.ts';
import type { Timings } from './timings.ts';
import type { UsageMonitor } from './usage.ts';

/** What requests are carried out with. */
export interface House {
  readonly sys: Sys;
  readonly settings: Settings;
  /** The configuration that is in force. */
  readonly inForce: InForce;
  readonly log: Log;
  readonly supervisor: Supervisor;
  readonly streams: StandardStreams;
  readonly endedRuns: EndedRuns;
  readonly usage: UsageMonitor;
  readonly chronicle: Chronicle;
  /** When the supervisor was last started, all at once. */
  readonly lastStart: LastStart;
  /** How long units take to start and to stop. */
  readonly timings: Timings;
  readonly configured: ConfiguredUnits;
  /** The ports of units. */
  readonly ports: HeldPorts;
  /** For programs that bind by themselves. */
  readonly binding: OwnBinding;
  /** Units that are started by a connection. */
  readonly onConnect: OnConnect;
  /** What units must not be over for long. */
  readonly bounds: Bounds;
  /** Those that requests ask for. */
  readonly askedPorts: AskedPorts;
  /** The sockets of both. */
  readonly sockets: BoundSockets;
  /** Keeper and archond, which have all these open. */
  readonly ownPids: ReadonlySet<number>;
  readonly events: EventHub;
  /** Logs that are followed. */
  readonly logs: LogHub;
  readonly shutdown: Shutdown;
  readonly rules: Rules;
  readonly reload: Reload;
  /** See `baseEnvironment`. */
  readonly baseEnv: ReadonlyMap<string, string>;
  /** The version of the package. */
  readonly version: string;
  /** The user that archond runs as. */
  readonly uid: number;
  /** archond's own process. */
  readonly ownPid: number;
  /** Resolves after whatever else is to be done now: for work that is done piece by piece. */
  turn(): Promise<void>;
  /** A request has thrown: that is logged, and costs the request and no more. */
  broke(error: unknown, call: Call): void;
  readonly gid: number;
}
