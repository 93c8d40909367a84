import type { Sys } from '../../sys/sys.ts';
import { writeWhole } from '../whole-file.ts';
import { readNotification, type Notification } from './notification.ts';

const MODE = 0o600;
/** Longer than a status that is kept and the rest can be, in UTF-8. */
const MOST_BYTES = 8192;

/**
 * What a generation has said of itself on its notification socket and holds until it says otherwise: its `STATUS`, and the
 * period of its watchdog. It lies in a file beside the socket, in the socket's own words, written before what was said is
 * taken out of that: so it outlives archond, and the keeper, as long as the generation does.
 */
export class LastSaid {
  readonly #sys: Sys;
  readonly #path: string;
  readonly #failed: (code: string) => void;
  #status: string | undefined;
  #watchdogMs: number | undefined;
  #hasFile = false;

  /** @param failed told of an errno where something cannot be kept: it is known to this archond only */
  constructor(sys: Sys, runtimeDir: string, generation: number, failed: (code: string) => void) {
    this.#sys = sys;
    this.#path = `${runtimeDir}/said.${String(generation)}`;
    this.#failed = failed;
  }

  /** Takes up what an earlier archond has heard. */
  recall(): void {
    const read = this.#sys.files.read(this.#path, 0, MOST_BYTES);
    this.#hasFile = read.ok;
    if (read.ok) this.#take(readNotification(read.value));
  }

  /** For people; empty where it has said nothing. */
  get status(): string {
    return this.#status ?? '';
  }

  /** How long may pass between two signs of life, where it has said so. */
  get watchdogMs(): number | undefined {
    return this.#watchdogMs;
  }

  /** It has said this: what holds from now on is kept. */
  hear(said: Notification): void {
    if (!this.#take(said)) return;
    const lines = [
      ...(this.#status === undefined ? [] : [`STATUS=${this.#status}\n`]),
      ...(this.#watchdogMs === undefined ? [] : [`WATCHDOG_USEC=${Math.round(this.#watchdogMs * 1000)}\n`]),
    ];
    const kept = writeWhole(this.#sys, this.#path, MODE, lines.join(''));
    this.#hasFile = true;
    if (!kept.ok) this.#failed(kept.error.code);
  }

  /** Whether anything is otherwise than it was. */
  #take({ status = this.#status, watchdogMs = this.#watchdogMs }: Notification): boolean {
    const isNews = status !== this.#status || watchdogMs !== this.#watchdogMs;
    this.#status = status;
    this.#watchdogMs = watchdogMs;
    return isNews;
  }

  /** Nothing is left of the generation. */
  discard(): void {
    if (this.#hasFile) this.#sys.files.remove(this.#path);
  }
}
