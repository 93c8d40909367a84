import type { Limit } from './rule.ts';

/** So many failures within so long, and a rule is let be (rules page). */
const MOST_FAILURES = 5;
const FAILURES_WITHIN_MS = 60_000;

/** Counts failures of rules. */
export class Failures {
  readonly #atMs = new Map<number, number[]>();
  readonly #suspended = new Set<number>();

  /** One more; true where that was one too many, which is said once. */
  add(rule: number, nowMs: number): boolean {
    const recent = (this.#atMs.get(rule) ?? []).filter((atMs) => nowMs - atMs < FAILURES_WITHIN_MS);
    recent.push(nowMs);
    this.#atMs.set(rule, recent);
    if (recent.length < MOST_FAILURES || this.#suspended.has(rule)) return false;
    this.#suspended.add(rule);
    return true;
  }

  isSuspended(rule: number): boolean {
    return this.#suspended.has(rule);
  }

  /** What has been is over. */
  forgive(rule: number): void {
    this.#atMs.delete(rule);
    this.#suspended.delete(rule);
  }
}

/** Counts firings of rules that have a limit, by the times of the events. */
export class Firings {
  readonly #atS = new Map<number, number[]>();

  /** Whether it may fire, which then counts. */
  mayFire(rule: number, atS: number, { count, withinMs }: Limit): boolean {
    const recent = (this.#atS.get(rule) ?? []).filter((before) => (atS - before) * 1000 < withinMs);
    const may = recent.length < count;
    if (may) recent.push(atS);
    this.#atS.set(rule, recent);
    return may;
  }
}
