import { constants } from 'node:os';
import type { EndBefore } from '../sys.ts';

const { SIGKILL } = constants.signals;
/** FAILURES and WITHIN_NS of native/keeper/failures.c. */
const FAILURES = 5;
const WITHIN_MS = 60_000;

/** What native/keeper/failures.c does: when archonds that do not come up are started in safe mode. */
export class Failures {
  /** How the last one ended. */
  before: EndBefore | undefined;
  /** The next one is to be started in safe mode, and so are all after it. */
  isSafe = false;
  /** And this one is the first of these, after failures of its predecessors' own. */
  isToSetAside = false;
  /** Time for which a hanging one was only waited for. */
  #waitedMs = 0;
  readonly #silenceMs: () => number;
  #row: { readonly atMs: number; readonly isByItself: boolean }[] = [];

  constructor(silenceMs: () => number) {
    this.#silenceMs = silenceMs;
  }

  note(end: EndBefore, nowMs: number, wasReady: boolean): void {
    this.before = end;
    this.isToSetAside = false;
    if (wasReady) {
      this.#row = [];
      return;
    }
    if (end.kind === 'silent') this.#waitedMs += this.#silenceMs();
    const atMs = nowMs - this.#waitedMs;
    const isByItself = end.kind !== 'signalled' || end.signal !== SIGKILL;
    this.#row = [...this.#row, { atMs, isByItself }].slice(-FAILURES);
    const [first] = this.#row;
    if (this.isSafe || first === undefined || this.#row.length < FAILURES) return;
    if (atMs - first.atMs > WITHIN_MS) return;
    this.isSafe = true;
    this.isToSetAside = this.#row.every(({ isByItself: own }) => own);
  }
}
