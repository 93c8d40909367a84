import type { Words } from '../base/words.ts';
import { unitSpec, type RestartPolicy, type StopPolicy, type UnitSpec } from '../supervisor/unit.ts';
import type { Backoff, FoundStop } from '../supervisor/adopt.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { RestartHistory } from '../supervisor/backoff.ts';
import type { End, FailureReason, Running, Starting, Stopping, StopReason } from '../supervisor/state.ts';
import type { Unit } from '../supervisor/step.ts';
import type { Launch } from './launch.ts';

/** How a daemon is made and kept, as it is remembered. */
export interface KnownUnit {
  readonly spec: UnitSpec;
  readonly launch: Launch;
  /** Run at each end. */
  readonly onExit?: Words | undefined;
}

/** What is wanted of a daemon or a unit of the configuration, and where it had come to. */
export interface Wish {
  readonly desired: 'up' | 'down';
  /**
   * `up` in every state that has, or is about to have, a process. In `waiting` (also of a unit that is failed for what it
   * needs) and `backoff` nothing of it is left, and it is to be up.
   */
  readonly at: 'up' | 'waiting' | 'backoff' | 'stopping' | 'stopped' | 'failed' | 'finished';
  readonly end: End | undefined;
  /** While it has a process: how the one before that ended, where there was one. */
  readonly endBefore?: End | undefined;
  /** Of its latest spawn, which may not have been asked for yet. */
  readonly generation?: number | undefined;
  /** The generation that has become ready. */
  readonly ready?: number | undefined;
  /** The process that has become the main one of the generation, or that there is to be one. */
  readonly main?: { readonly generation: number; readonly process: number | 'awaited' } | undefined;
  /** Why it is `failed`. */
  readonly failure?: FailureReason | undefined;
  /** While it is in backoff. */
  readonly backoff?: Backoff | undefined;
  /** What the next delays follow from, where it has been restarted and is not in backoff. */
  readonly history?: RestartHistory | undefined;
  /** While a process of it is being stopped: how far that has come. */
  readonly stop?: FoundStop | undefined;
  /** Why it is being, or was last, stopped. */
  readonly stoppedFor?: StopReason | undefined;
  /** Why: of what is told of it next, as its core knows it. */
  readonly causes?: KnownCauses | undefined;
  /** The same of its other generation, where it has two. */
  readonly beside?: Wish | undefined;
  /** The generation that is to be replaced as soon as nothing is left beside it. */
  readonly replaceNext?: number | undefined;
  /** Since when, nanoseconds since 1970 in decimal digits, where nothing of it is under way. */
  readonly since?: string | undefined;
}

/** What a unit's core knows of causes. */
export interface KnownCauses {
  /** The number of the last event of anything when this was written down: one of the unit with a higher number says more. */
  readonly after: number;
  readonly next: Cause;
  /** Of an order that waits until the unit is down. */
  readonly waiting?: Cause | undefined;
}

/** The value that is remembered under the label, kind `unit`. */
export function unitValue({ spec, launch, onExit }: KnownUnit): unknown {
  const { restart, stop } = spec;
  return { restart, stop, onExit, launch: { ...launch, env: [...launch.env] } };
}

/** The inverse; undefined where the value is not of that shape. */
export function readUnit(label: string, value: unknown): KnownUnit | undefined {
  const { restart, stop, launch, onExit } = (value ?? {}) as {
    readonly restart?: RestartPolicy;
    readonly onExit?: Words;
    readonly stop?: StopPolicy;
    readonly launch?: Omit<Launch, 'env'> & { readonly env: readonly (readonly [string, string])[] };
  };
  if (!isWhole(restart, stop, launch?.words, launch?.env, launch?.cwd) || launch === undefined)
    return undefined;
  const spec = unitSpec({
    label,
    origin: 'daemon',
    ...(restart === undefined ? {} : { restart }),
    ...(stop === undefined ? {} : { stop }),
  });
  return { spec, onExit, launch: { ...launch, env: new Map(launch.env) } };
}

/** Values are written by this program only; a later version may have changed their shape. */
function isWhole(restart: unknown, stop: unknown, words: unknown, env: unknown, cwd: unknown): boolean {
  const hasPolicy = typeof (restart as RestartPolicy | undefined)?.policy === 'string';
  const hasStop = typeof (stop as StopPolicy | undefined)?.signal === 'number';
  return (
    hasPolicy &&
    hasStop &&
    Array.isArray(words) &&
    words.length > 0 &&
    Array.isArray(env) &&
    typeof cwd === 'string'
  );
}

/** The wish of a unit as it is now. */
export function wishOf({ desired, state, lastEnd: end, history }: Unit): Wish {
  const endBefore = end === undefined ? {} : { endBefore: end };
  const past = { ...endBefore, ...(history.restarts === 0 ? {} : { history }) };
  const restarts = history.restarts === 0 ? {} : { history };
  switch (state.kind) {
    case 'running':
      return { ...UP, ready: state.generation, ...mainOf(state), ...past };
    case 'starting':
      return { ...UP, ...mainOf(state), ...past };
    case 'clearing':
      return { ...UP, ...restarts };
    case 'waiting':
    case 'blocked':
      return { desired: 'up', at: 'waiting', end, ...restarts };
    case 'backoff':
      return { desired: 'up', at: 'backoff', end, backoff: { untilAtMs: state.untilAtMs, history } };
    case 'stopping':
      return { desired, at: 'stopping', end: undefined, ...mainOf(state), stop: stopOf(state), ...past };
    case 'undoing':
      return { desired, at: 'stopping', end: state.end };
    case 'failed':
      return { desired: 'down', at: 'failed', end, failure: state.reason };
    case 'stopped':
    case 'finished':
      return { desired: 'down', at: state.kind, end };
  }
}

function stopOf({ generation, rung, deadlineAtMs, reason, ranMs }: Stopping): FoundStop {
  return { generation, rung, deadlineAtMs, reason, ranMs };
}

function mainOf({ generation, pid, main }: Starting | Running | Stopping): Pick<Wish, 'main'> {
  if (main === 'awaited') return { main: { generation, process: 'awaited' } };
  return main === 'other' && pid !== undefined ? { main: { generation, process: pid } } : {};
}

/** The wish of a unit whose state began at that time, and that was stopped last for this reason. */
export function wishSince(unit: Unit, sinceNs: bigint, stoppedFor: StopReason | undefined): Wish {
  const { generation } = unit;
  const wish = { ...wishOf(unit), generation, ...(stoppedFor === undefined ? {} : { stoppedFor }) };
  return wish.at === 'up' || wish.at === 'stopping' ? wish : { ...wish, since: String(sinceNs) };
}

const UP: Wish = { desired: 'up', at: 'up', end: undefined };

/** By this texts of remembered wishes are compared: causes are no reason to write one again. */
export function wishText(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'causes' ? undefined : inner));
}

/** The wish in a remembered value; undefined where it is none. */
export function readWish(value: unknown): Wish | undefined {
  const { desired, at, since, beside, ...others } = (value ?? {}) as Partial<Wish>;
  if (desired === undefined || at === undefined) return undefined;
  const { end, generation, ready, main, failure, backoff, history, stop, stoppedFor, replaceNext } = others;
  const { causes, endBefore } = others;
  const known = /^\d{1,20}$/.test(since ?? '') ? { since } : {};
  const other = beside === undefined ? {} : { beside: readWish(beside) };
  const process = { generation, ready, main, stop, stoppedFor };
  return {
    desired,
    at,
    end,
    endBefore,
    ...process,
    failure,
    backoff,
    history,
    replaceNext,
    causes,
    ...known,
    ...other,
  };
}
