/** What one call into a file's machine may use (rules page, "Budget of one event"). */
export const BUDGET = {
  instructions: 100_000,
  /** Of processor time; measured between instructions. */
  timeMs: 20,
  /** Of strings that come to be. */
  stringBytes: 8 * 1024 * 1024,
} as const;

/** A file is loaded once, and nothing waits for that: it may use so many times more of instructions and time. */
export const LOAD_FACTOR = 10;

/** How many instructions pass between two looks at the meter. */
export const HOOK_EVERY = 1000;

/** For so many bytes of a string an instruction is paid. */
const LONG_BYTES = 256;

/** Which part of the budget is gone. */
export type Excess = 'instructions' | 'time' | 'memory';

/** Thrown through the machine where a budget is gone; no error of Lua, so that no handler of the file gets hold of it. */
export class OverBudget extends Error {
  readonly excess: Excess;

  constructor(excess: Excess) {
    super(`over the budget of ${excess}`);
    this.excess = excess;
  }
}

/** Clocks that a meter reads. */
export interface MeterClocks {
  /** Passes steadily; in milliseconds. */
  readonly wallMs: () => number;
  /**
   * Processor time of the thread, in milliseconds; asked only where more than the budget has passed by the other, for it
   * is dear: a machine that is busy elsewhere takes no rule's time. The same as `wallMs` where it cannot be known.
   */
  readonly cpuMs: () => number;
}

/** Counts what a call uses. Once anything is gone it stays so until the next call: whatever goes on is stopped again. */
export class Meter {
  readonly #clocks: MeterClocks;
  #instructions = 0;
  #stringBytes = 0;
  #excess: Excess | undefined;
  #dueMs = 0;
  #factor = 1;
  /** One instant by both clocks, not after the call's beginning. */
  #anchor = { wallMs: 0, cpuMs: 0 };
  #beganMs = 0;
  #stopping: () => void = () => undefined;

  constructor(clocks: MeterClocks) {
    this.#clocks = clocks;
  }

  /** What is gone of the budget of the present call. */
  get excess(): Excess | undefined {
    return this.#excess;
  }

  /** Calls follow; the nearer in time this was, the better the processor time of each is known. */
  anchor(): void {
    this.#anchor = { wallMs: this.#clocks.wallMs(), cpuMs: this.#clocks.cpuMs() };
  }

  /** What the call has used so far; of instructions what was looked at. */
  get instructions(): number {
    return this.#instructions;
  }

  get stringBytes(): number {
    return this.#stringBytes;
  }

  /** A call begins, with everything to spend, or with what is left. @param stopping told before it is stopped, once; @param factor see `LOAD_FACTOR` */
  begin(stopping: () => void, goesOn: boolean, factor = 1): void {
    this.#stopping = stopping;
    if (goesOn) return;
    this.#factor = factor;
    this.#instructions = 0;
    this.#stringBytes = 0;
    this.#excess = undefined;
    this.#beganMs = this.#clocks.wallMs();
    this.#dueMs = this.#beganMs + BUDGET.timeMs * factor;
  }

  /** So many instructions were carried out, or what costs as much. Throws `OverBudget`. */
  spend(instructions: number): void {
    this.#instructions += instructions;
    if (this.#excess !== undefined) throw new OverBudget(this.#excess);
    if (this.#instructions >= BUDGET.instructions * this.#factor) this.#stop('instructions');
    const nowMs = this.#clocks.wallMs();
    if (nowMs >= this.#dueMs) this.#lookAtProcessor(nowMs);
  }

  /** A string comes to be. Throws `OverBudget`. */
  string(bytes: number): void {
    this.#stringBytes += bytes;
    if (this.#stringBytes >= BUDGET.stringBytes) this.#stop('memory');
    /* A long one takes its time, byte by byte. */
    if (bytes >= LONG_BYTES) this.spend(Math.ceil(bytes / LONG_BYTES));
  }

  #stop(excess: Excess): never {
    const isFirst = this.#excess === undefined;
    this.#excess = excess;
    if (isFirst) this.#stopping();
    throw new OverBudget(excess);
  }

  /** Those before this call, since the anchor, can have used no more than what passed meanwhile. */
  #lookAtProcessor(nowMs: number): void {
    const { wallMs, cpuMs } = this.#anchor;
    const leastMs = this.#clocks.cpuMs() - cpuMs - (this.#beganMs - wallMs);
    const mostMs = BUDGET.timeMs * this.#factor;
    if (leastMs >= mostMs) this.#stop('time');
    this.#dueMs = nowMs + mostMs - Math.max(0, leastMs);
  }
}
