import type { Cancel, Descriptor, ProcessRef, ResourceUsage } from '../sys/sys.ts';
import type { TimerName } from '../supervisor/effect.ts';
import type { PublicState, StopReason } from '../supervisor/state.ts';
import type { Unit } from '../supervisor/transition.ts';
import type { UnitSpec } from '../supervisor/unit.ts';
import type { Words } from '../base/words.ts';
import type { ConfiguredUnit } from './configured/configured-unit.ts';
import type { Launch } from './launch.ts';
import type { UnitOutput } from './unit-output.ts';

/** What a unit is made of when it is added. */
export interface NewUnit {
  readonly spec: UnitSpec;
  readonly launch: Launch | undefined;
  /** Where the launch does not say it; see `UnitRecord`. */
  readonly owner?: number | undefined;
  readonly stdio: readonly [Descriptor | undefined, Descriptor | undefined, Descriptor | undefined];
  readonly keep: boolean;
  /** Run at each end. */
  readonly onExit?: Words | undefined;
}

/** A unit as archond holds it: its frozen core and what has to be done for it in the world. */
export interface UnitRecord {
  readonly label: string;
  unit: Unit;
  /** As which user its command runs, where that is not the supervisor's own: who that is may control it. */
  readonly owner: number | undefined;
  /** How to make its process; unknown for what an earlier archond started and no journal describes. */
  launch: Launch | undefined;
  /** Descriptors that its process gets as 0, 1 and 2, owned by the record; what is undefined is empty input or the log. */
  readonly stdio: [Descriptor | undefined, Descriptor | undefined, Descriptor | undefined];
  output: UnitOutput | undefined;
  /** Standard error where it has a log of its own. */
  errorOutput: UnitOutput | undefined;
  /** Where it is one of the configuration. */
  configured: ConfiguredUnit | undefined;
  /** What is run at each end of a daemon, as fields. */
  onExit: Words | undefined;
  /** How many of those are under way: they write to its log. */
  exitCommands: number;
  /** The spawn that is alive, or the last one. */
  ref: ProcessRef | undefined;
  /** Main process while there is one. */
  pid: number | undefined;
  /** Start time of that process in clock ticks after boot. */
  startTicks: number | undefined;
  /** When its present state began; nanoseconds since 1970. */
  sinceNs: bigint;
  shownState: PublicState;
  /** The record outlives the end of a Run until somebody asks for it. */
  keep: boolean;
  /** Clients that wait for its end. */
  waiters: number;
  /** Why it was stopped last, since its last start. */
  stoppedFor: StopReason | undefined;
  /** Why its main process ended last, where the kernel has killed of it for want of memory. */
  endedFor: 'memory' | undefined;
  /** A process that was not started here: its descriptor, and how to end the watch. */
  watched: { readonly pidfd: Descriptor; readonly end: Cancel } | undefined;
  /** Whether its log could not take the last that its process wrote. */
  isOutputPending: boolean;
  /** What its last process used in its life. */
  usage: ResourceUsage | undefined;
  timers: Map<TimerName, Cancel>;
  /** Its other generation, while it has two: one that is to take the place of its own, or whose place was taken (`Replacements`). */
  beside: UnitRecord | undefined;
  /** Of such another generation: the unit, which everybody knows. */
  readonly besideOf: UnitRecord | undefined;
  /** The generation that was beside it last, and is over. */
  lastBeside: number | undefined;
  /** Its generation that is to be replaced as soon as nothing is left beside it. */
  replaceNext: number | undefined;
  /** Called after each step that changed the unit. */
  readonly observers: Set<(record: UnitRecord) => void>;
}

/**
 * Who of a unit and what stands beside it has this generation; undefined where it was beside it, and is over. A generation
 * that is neither's is the unit's own affair.
 */
export function holderOf(record: UnitRecord, generation: number): UnitRecord | undefined {
  const main = record.besideOf ?? record;
  if (main.beside?.unit.generation === generation) return main.beside;
  return generation === main.lastBeside ? undefined : main;
}

/** A record of a unit that is down. `at`: when that began, in nanoseconds since 1970. */
export function newRecord(
  unit: Unit,
  atNs: bigint,
  given: Pick<UnitRecord, 'owner' | 'launch' | 'stdio' | 'onExit' | 'keep' | 'besideOf'>,
): UnitRecord {
  return {
    ...given,
    label: unit.spec.label,
    unit,
    output: undefined,
    errorOutput: undefined,
    configured: undefined,
    exitCommands: 0,
    ref: undefined,
    pid: undefined,
    startTicks: undefined,
    sinceNs: atNs,
    shownState: 'stopped',
    waiters: 0,
    stoppedFor: undefined,
    endedFor: undefined,
    watched: undefined,
    isOutputPending: false,
    usage: undefined,
    timers: new Map(),
    beside: undefined,
    lastBeside: undefined,
    replaceNext: undefined,
    observers: new Set(),
  };
}
