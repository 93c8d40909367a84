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
 * First word, from the lowest byte: origin, flags, stop signal, stop scope, restart policy.
 * Second word: milliseconds of the stop's patience (low half) and of the Run's time limit (high half).
 */
export interface TaggedUnit {
  readonly spec: UnitSpec;
  /** The record stays after the end, until it is waited for or forgotten. */
  readonly keep: boolean;
}

const ORIGINS = ['run', 'daemon', 'watched', 'config'] as const satisfies readonly UnitSpec['origin'][];
const SCOPES = ['mixed', 'tree', 'main'] as const satisfies readonly StopPolicy['scope'][];
const POLICIES = ['never', 'on-failure', 'always'] as const satisfies readonly RestartPolicy['policy'][];
const KEEP = 1;
/** Half a word of milliseconds: 49 days; what is longer is cut to it. */
const MOST_MS = 0xffff_ffff;

/** The two words for a unit. */
export function toTags({ spec, keep }: TaggedUnit): readonly [bigint, bigint] {
  const bytes = [
    ORIGINS.indexOf(spec.origin) + 1,
    keep ? KEEP : 0,
    spec.stop.signal,
    SCOPES.indexOf(spec.stop.scope),
    POLICIES.indexOf(spec.restart.policy),
  ];
  const first = bytes.reduce((word, byte, index) => word | (BigInt(byte) << BigInt(8 * index)), 0n);
  const timeoutMs = BigInt(Math.min(spec.stop.timeoutMs, MOST_MS));
  const limitMs = BigInt(Math.min(spec.timeoutMs ?? 0, MOST_MS));
  return [first, timeoutMs | (limitMs << 32n)];
}

/** The unit of an entry. Words that no version of archond wrote give a daemon with the usual stop. */
export function fromTags(label: string, [first, second]: readonly [bigint, bigint]): TaggedUnit {
  const byte = (index: number): number => Number((first >> BigInt(8 * index)) & 0xffn);
  const origin = ORIGINS[byte(0) - 1];
  const scope = SCOPES[byte(3)];
  const policy = POLICIES[byte(4)];
  if (origin === undefined || scope === undefined || policy === undefined) {
    return {
      spec: unitSpec({ label, origin: 'daemon' }),
      keep: true,
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
  };
}
