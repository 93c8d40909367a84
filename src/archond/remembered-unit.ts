import type { Words } from '../base/words.ts';
import { unitSpec, type RestartPolicy, type StopPolicy, type UnitSpec } from '../supervisor/unit.ts';
import type { End } from '../supervisor/state.ts';
import type { Unit } from '../supervisor/step.ts';
import type { Launch } from './launch.ts';

/** How a daemon is made and kept, as it is remembered. */
export interface KnownUnit {
  readonly spec: UnitSpec;
  readonly launch: Launch;
  /** Run at each end. */
  readonly onExit?: Words | undefined;
}

/** What is wanted of a daemon, and where it had come to. */
export interface Wish {
  readonly desired: 'up' | 'down';
  /** `up` in every state that has, or is about to have, a process. */
  readonly at: 'up' | 'stopping' | 'stopped' | 'failed' | 'finished';
  readonly end: End | undefined;
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
export function wishOf({ desired, state, lastEnd }: Unit): Wish {
  switch (state.kind) {
    case 'starting':
    case 'running':
    case 'clearing':
    case 'backoff':
    case 'waiting':
    case 'blocked':
      return { desired: 'up', at: 'up', end: undefined };
    case 'stopping':
    case 'undoing':
      return { desired, at: 'stopping', end: undefined };
    case 'stopped':
    case 'failed':
    case 'finished':
      return { desired: 'down', at: state.kind, end: lastEnd };
  }
}

/** The wish in a remembered value; undefined where it is none. */
export function readWish(value: unknown): Wish | undefined {
  const { desired, at, end } = (value ?? {}) as Partial<Wish>;
  return desired === undefined || at === undefined ? undefined : { desired, at, end };
}
