import type { Ask } from '../../rules/ask.ts';
import type { FromHost, ToHost } from '../../rules/messages.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Worker } from '../../sys/workers.ts';

/** What all rules together may hold; a machine alone has 16 MiB for what it keeps. */
const HEAP_MB = 96;
/** A batch is answered within that, however busy the machine; what is not hangs. */
const SILENCE_MS = 60_000;

/** What is told of the host. */
export interface RuleWorkerListener {
  asks(asks: readonly Ask[]): void;
  /** All that came of a message has been said. */
  done(kind: ToHost['kind']): void;
  /** It has ended by itself; `rule` was being called, -1: none. */
  died(why: string, rule: number): void;
}

/** The host of rules, in a worker: messages go in, and what comes of each comes back, in their order. */
export class RuleWorker {
  readonly #sys: Pick<Sys, 'timers' | 'clock'>;
  readonly #listener: RuleWorkerListener;
  readonly #worker: Worker;
  #unanswered = 0;
  #cancelSilence: Cancel | undefined;
  #isOver = false;

  constructor(sys: Sys, program: string, listener: RuleWorkerListener) {
    this.#sys = sys;
    this.#listener = listener;
    this.#worker = sys.workers.start(program, HEAP_MB, {
      message: (message) => {
        this.#take(message as FromHost);
      },
      ended: (why, rule) => {
        this.#over(why, rule);
      },
    });
  }

  /** How many messages are not dealt with yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  post(message: ToHost): void {
    this.#unanswered += 1;
    this.#worker.post(message);
    this.#cancelSilence ??= this.#listen();
  }

  end(): void {
    this.#isOver = true;
    this.#cancelSilence?.();
    this.#worker.end();
  }

  #take({ asks, done }: FromHost): void {
    if (this.#isOver) return;
    if (done !== undefined) {
      this.#unanswered -= 1;
      this.#cancelSilence?.();
      this.#cancelSilence = this.#unanswered > 0 ? this.#listen() : undefined;
    }
    if (asks.length > 0) this.#listener.asks(asks);
    if (done !== undefined) this.#listener.done(done);
  }

  #listen(): Cancel {
    const { timers, clock } = this.#sys;
    return timers.at(clock.monotonicMs() + SILENCE_MS, () => {
      this.#worker.end();
      this.#over('it did not answer for 60 s', -1);
    });
  }

  #over(why: string, rule: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelSilence?.();
    this.#listener.died(why, rule);
  }
}
