import {
  restartPolicy,
  unitSpec,
  type RestartPolicy,
  type StopPolicy,
  type UnitSpec,
} from '../supervisor/unit.ts';

/**
 * What the table says about a unit beside its process, in the two words that the keeper carries for
 * archond: enough to go on supervising it when nothing else is left to read.
 *
 * First word, from the lowest byte: origin, flags, stop signal, stop scope and restart policy (four bits each);
 * its high half is one more than the user that the command runs as, 0 for the supervisor's own.
 * Second word: milliseconds of the stop's patience (low half) and of the Run's time limit (high half).
 */
export interface TaggedUnit {
  readonly spec: UnitSpec;
  /** The record stays after the end, until it is waited for or forgotten. */
  readonly keep: boolean;
  /** As which user its command runs, where that is not the supervisor's own. */
  readonly owner: number | undefined;
}

const ORIGINS = ['run', 'daemon', 'watched', 'config'] as const satisfies readonly UnitSpec['origin'][];
const SCOPES = ['mixed', 'tree', 'main'] as const satisfies readonly StopPolicy['scope'][];
const POLICIES = ['never', 'on-failure', 'always'] as const satisfies readonly RestartPolicy['policy'][];
const KEEP = 1;
/** Half a word of milliseconds: 49 days; what is longer is cut to it. */
const MOST_MS = 0xffff_ffff;

/** The two words for a unit. */
export function toTags({ spec, keep, owner }: TaggedUnit): readonly [bigint, bigint] {
  const bytes = [
    ORIGINS.indexOf(spec.origin) + 1,
    keep ? KEEP : 0,
    spec.stop.signal,
    SCOPES.indexOf(spec.stop.scope) | (POLICIES.indexOf(spec.restart.policy) << 4),
  ];
  const low = bytes.reduce((word, byte, index) => word | (BigInt(byte) << BigInt(8 * index)), 0n);
  const first = low | (BigInt(owner === undefined ? 0 : owner + 1) << 32n);
  const timeoutMs = BigInt(Math.min(spec.stop.timeoutMs, MOST_MS));
  const limitMs = BigInt(Math.min(spec.timeoutMs ?? 0, MOST_MS));
  return [first, timeoutMs | (limitMs << 32n)];
}

/** The unit of an entry. Words that no version of archond wrote give a daemon with the usual stop. */
export function fromTags(label: string, [first, second]: readonly [bigint, bigint]): TaggedUnit {
  const byte = (index: number): number => Number((first >> BigInt(8 * index)) & 0xffn);
  const origin = ORIGINS[byte(0) - 1];
  const scope = SCOPES[byte(3) & 0xf];
  const policy = POLICIES[byte(3) >> 4];
  const high = Number(first >> 32n);
  if (origin === undefined || scope === undefined || policy === undefined) {
    return {
      spec: unitSpec({ label, origin: 'daemon' }),
      keep: true,
      owner: undefined,
    };
  }
  const limitMs = Number(second >> 32n);
  return {
    spec: unitSpec({
      label,
      origin,
      restart: restartPolicy(policy),
      stop: { signal: byte(2), timeoutMs: Number(second & 0xffff_ffffn), scope },
      ...(limitMs === 0 ? {} : { timeoutMs: limitMs }),
    }),
    keep: (byte(1) & KEEP) !== 0,
    owner: high === 0 ? undefined : high - 1,
  };
}
