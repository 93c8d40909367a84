import type { SysError } from '../sys/sys.ts';
import type { Climbed } from './climber.ts';
import type { StoreKind } from './store.ts';

/** Where records go that the state folder does not take. */
export type Place = Exclude<StoreKind, 'state'>;

/** How the journal is. Degraded: the state folder is not written to, for this reason. */
export type Health =
  | { readonly kind: 'well' }
  | { readonly kind: 'degraded'; readonly error: SysError; readonly place: Place; readonly sinceMs: number };

/** A change that others should hear of, told once. */
export type Report =
  | { readonly kind: 'degraded'; readonly error: SysError; readonly place: Place }
  | ({ readonly kind: 'recovered' } & Climbed);

/** While all is well the folder is looked after so often: somebody may have removed it, or mounted another over it. */
const CHECK_MS = 30_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** When to look again: soon after the state folder has failed, then less and less often. */
export class Schedule {
  #retryMs = FIRST_RETRY_MS;
  #nextAtMs: number;

  constructor(nowMs: number) {
    this.#nextAtMs = nowMs + CHECK_MS;
  }

  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** It has just failed, perhaps shortly after it was well: then the delays go on growing. */
  failed(nowMs: number): void {
    this.#nextAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  /** It can be written again, which has to be confirmed. */
  recovered(nowMs: number): void {
    this.#nextAtMs = nowMs + CHECK_MS;
  }

  /** It was well and still is. */
  confirmed(nowMs: number): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#nextAtMs = nowMs + CHECK_MS;
  }
}
