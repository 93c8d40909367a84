import type { Cancel } from '../sys.ts';
import { Heap } from './heap.ts';
import { ArchondKilled, Misuse } from './misuse.ts';

interface Appointment {
  readonly atMs: number;
  readonly sequence: number;
  action: (() => void) | undefined;
}

/** So many steps at one instant are taken for a circle. */
const STEPS_AT_ONE_INSTANT = 5_000_000;

/**
 * Virtual time, and the one queue through which everything in the fake happens.
 *
 * A *task* runs at the present instant, in the order in which it was posted: an answer of the
 * keeper, bytes on a connection, the first instruction of a child. An *appointment* runs when the
 * clock has reached its instant, those of one instant in the order in which they were made. Tasks go
 * before appointments. Nothing runs by itself, by real time or by a microtask: only `step`, `settle`
 * and the methods that move the clock run anything, always on an empty stack, so a callback never
 * comes inside the call that asked for it, and the same calls give the same history.
 */
export class VirtualLoop {
  #nowMs: number;
  #sequence = 0;
  #tasks: (() => void)[] = [];
  #head = 0;
  #running = false;
  readonly #appointments = new Heap<Appointment>((a, b) =>
    a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs,
  );

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  post(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Runs `action` when the clock has reached `atMs`; an instant that is past comes before all others. */
  schedule(atMs: number, action: () => void): Cancel {
    if (Number.isNaN(atMs)) throw new Misuse('an appointment needs an instant, not NaN');
    const appointment: Appointment = { atMs, sequence: ++this.#sequence, action };
    this.#appointments.push(appointment);
    return () => {
      appointment.action = undefined;
    };
  }

  /** Runs the one thing that is next at the present instant; false where there is none. */
  step(): boolean {
    return this.#run(1) === 1;
  }

  /** Runs the one thing that is next, when the clock has been moved to it; false where nothing is to come any more. */
  stepOn(): boolean {
    if (this.step()) return true;
    const next = this.nextAtMs();
    if (next === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, next);
    return this.step();
  }

  /** Runs all that is due at the present instant, and what comes of it. */
  settle(): void {
    if (this.#run(STEPS_AT_ONE_INSTANT) === STEPS_AT_ONE_INSTANT) {
      throw new Misuse(`${String(STEPS_AT_ONE_INSTANT)} steps at one instant: this does not come to rest`);
    }
  }

  /** Moves the clock to `atMs`, stopping at each appointment on the way; an earlier instant only settles. */
  advanceTo(atMs: number): void {
    this.settle();
    for (let next = this.nextAtMs(); next !== undefined && next <= atMs; next = this.nextAtMs()) {
      this.#nowMs = Math.max(this.#nowMs, next);
      this.settle();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** The instant of the next appointment, `undefined` where there is none. */
  nextAtMs(): number | undefined {
    return this.#next()?.atMs;
  }

  #next(): Appointment | undefined {
    let next = this.#appointments.peek();
    while (next !== undefined && next.action === undefined) {
      this.#appointments.pop();
      next = this.#appointments.peek();
    }
    return next;
  }

  /** What is to be run next at this instant. */
  #take(): (() => void) | undefined {
    if (this.#head < this.#tasks.length) {
      const task = this.#tasks[this.#head++];
      if (this.#head === this.#tasks.length) {
        this.#tasks = [];
        this.#head = 0;
      }
      return task;
    }
    const next = this.#next();
    if (next === undefined || next.atMs > this.#nowMs) return undefined;
    this.#appointments.pop();
    const action = next.action;
    next.action = undefined;
    return action;
  }

  #run(most: number): number {
    if (this.#running) throw new Misuse('the loop is run from inside one of its own callbacks');
    this.#running = true;
    let count = 0;
    try {
      for (; count < most; count++) {
        const action = this.#take();
        if (action === undefined) break;
        try {
          action();
        } catch (error) {
          if (!(error instanceof ArchondKilled)) throw error;
        }
      }
    } finally {
      this.#running = false;
    }
    return count;
  }
}
