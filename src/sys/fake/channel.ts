import type { Answer, KeeperListener, Refusal, Spawned } from '../sys.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { refusal } from './errno.ts';
import type { Row } from './row.ts';
import type { View } from './view.ts';

/** How fast the keeper is, and how talkative; tests may change it at any time. */
export interface KeeperSettings {
  /** How long a request is under way. Default 0. */
  askDelayMs: number;
  /** How long the keeper waits before it tells: what happens meanwhile is told once. Default 0. */
  tellDelayMs: number;
  /** Each change is told twice. Default false. */
  tellTwice: boolean;
  /** How long a minder takes to say that the child exists; until then the spawn is not in the table. Default 0. */
  minderMs: number;
  /** After how much silence archond is killed. Default 0: never. */
  silenceMs: number;
}

/**
 * The channel of one archond: requests that are under way, and what it is still to be told. Answers
 * go at once. Spawns and changes of state wait in a queue that holds each spawn once and is told with
 * what the table says when its turn comes, as in native/keeper/tell.c: states may be left out, and
 * the answer to a spawn may come after that to a later request.
 */
export class Channel {
  readonly view: View;
  listener: KeeperListener | undefined;
  /** Runs at each message, before it is carried out. */
  heard: () => void = () => undefined;
  /** Archond has said hello, and the keeper has read it. */
  greeted = false;
  readonly #settings: KeeperSettings;
  readonly #inbox = new Set<() => void>();
  readonly #untold = new Set<Row>();
  readonly #promised = new Map<Row, Answer<Spawned>>();
  #readAtMs = 0;
  #flushing = false;

  constructor(view: View, settings: KeeperSettings) {
    this.view = view;
    this.#settings = settings;
  }

  /** Puts a request on its way; it is carried out once, also if archond dies meanwhile (`drain`). */
  ask(carryOut: () => void): void {
    const loop = this.view.kernel.loop;
    const read = (): void => {
      if (!this.#inbox.delete(read)) return;
      this.heard();
      carryOut();
    };
    this.#inbox.add(read);
    // A later request never overtakes an earlier one, whatever the delays were.
    this.#readAtMs = Math.max(this.#readAtMs, loop.nowMs() + this.#settings.askDelayMs);
    if (this.#readAtMs > loop.nowMs()) loop.schedule(this.#readAtMs, read);
    else loop.post(read);
  }

  answer<T>(done: Answer<T>, result: Result<T, Refusal>): void {
    this.view.post(() => done(result));
  }

  /** A spawn is accepted: the request is answered when it is first told of. */
  promise(row: Row, done: Answer<Spawned>): void {
    this.#promised.set(row, done);
  }

  /** An accepted spawn has come to nothing. */
  refuseSpawn(row: Row, refused: Refusal): void {
    const done = this.#promised.get(row);
    this.#promised.delete(row);
    if (done !== undefined) this.answer(done, err(refused));
  }

  /** The state of the spawn has changed. */
  changed(row: Row): void {
    if (!this.greeted || !this.view.alive) return;
    this.#untold.add(row);
    if (this.#flushing) return;
    this.#flushing = true;
    const loop = this.view.kernel.loop;
    const flush = (): void => this.#flush();
    if (this.#settings.tellDelayMs > 0) loop.schedule(loop.nowMs() + this.#settings.tellDelayMs, flush);
    else loop.post(flush);
  }

  /** Tells something that is not of a spawn. */
  tell(action: (listener: KeeperListener) => void): void {
    if (!this.greeted) return;
    this.view.post(() => {
      if (this.listener !== undefined) action(this.listener);
    });
  }

  /** The row is freed: nothing more is told of it. */
  forget(row: Row): void {
    this.#untold.delete(row);
  }

  /**
   * The keeper is gone, which is told first: whoever hears that goes no further, and takes nothing for refused that
   * nobody has refused. Then what is under way is answered with `EPIPE` (which `ask` has to see to).
   */
  hangUp(): void {
    this.view.post(() => this.listener?.gone());
    this.#readAtMs = 0;
    for (const read of [...this.#inbox]) read();
    for (const row of [...this.#promised.keys()]) this.refuseSpawn(row, refusal('EPIPE'));
    this.#untold.clear();
  }

  /** Archond is dead: what it had asked is carried out all the same, what it was to be told is dropped. */
  drain(): void {
    for (const read of [...this.#inbox]) read();
    this.greeted = false;
    this.#untold.clear();
    this.#promised.clear();
  }

  #flush(): void {
    this.#flushing = false;
    const rows = [...this.#untold];
    this.#untold.clear();
    for (const row of rows) this.#tellOf(row);
  }

  #tellOf(row: Row): void {
    const { state, process, ref } = row;
    if (state === undefined || process === undefined) return;
    const done = this.#promised.get(row);
    if (done !== undefined) {
      this.#promised.delete(row);
      const { startTicks, startedAtMs } = process;
      this.answer(done, ok({ ...ref, pid: process.pid, startTicks, startedAtMs }));
    }
    for (let time = this.#settings.tellTwice ? 2 : 1; time > 0; time--) {
      this.tell((listener) => listener.changed(ref, state));
    }
  }
}
