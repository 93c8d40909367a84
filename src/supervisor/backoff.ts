import type { RestartPolicy } from './unit.ts';

/** What is remembered of a unit's restarts, to know the next delay. */
export interface RestartHistory {
  /** Restarts since the delays began anew. */
  readonly attempt: number;
  /** All restarts since the unit was last started by an order. */
  readonly restarts: number;
  /** Instants of the latest restarts, as many as the policy's limit looks back at. */
  readonly recentAtMs: readonly number[];
}

/** Nothing has been restarted yet. */
export const NO_RESTARTS: RestartHistory = { attempt: 0, restarts: 0, recentAtMs: [] };

/** A restart after `delayMs`, or none because the limit is reached. */
export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly kind: 'give-up' };

/**
 * The next restart of a unit that has ended after running for `ranMs`. The first is immediate, then
 * `delayMs`, growing by `factor` up to `maxMs`, each changed by up to `jitter` of itself.
 *
 * @param chance in [0, 1); 0.5 leaves the delay as it is
 */
export function nextRestart(
  policy: RestartPolicy,
  history: RestartHistory,
  ranMs: number,
  atMs: number,
  chance: number,
): RestartDecision {
  const attempt = ranMs >= policy.resetAfterMs ? 0 : history.attempt;
  const limit = policy.limit;
  const recent = limit === undefined ? [] : history.recentAtMs.filter((at) => atMs - at < limit.withinMs);
  if (limit !== undefined && recent.length >= limit.count) return { kind: 'give-up' };
  return {
    kind: 'restart',
    delayMs: delayOf(policy, attempt, chance),
    history: {
      attempt: attempt + 1,
      restarts: history.restarts + 1,
      recentAtMs: limit === undefined ? [] : [...recent, atMs],
    },
  };
}

/** The next `count` delays in milliseconds, without jitter, if nothing is up for long in between; fewer where a limit comes first. */
export function delaysToCome(
  policy: RestartPolicy,
  history: RestartHistory,
  count: number,
): readonly number[] {
  const { limit } = policy;
  const left = limit === undefined ? count : Math.min(count, limit.count - history.recentAtMs.length);
  return Array.from({ length: Math.max(0, left) }, (_, at) => delayOf(policy, history.attempt + at, 0.5));
}

function delayOf(policy: RestartPolicy, attempt: number, chance: number): number {
  if (attempt === 0 || policy.delayMs === 0) return 0;
  const plain = Math.min(policy.delayMs * policy.factor ** (attempt - 1), policy.maxMs);
  return Math.min(plain * (1 + policy.jitter * (2 * chance - 1)), policy.maxMs);
}
