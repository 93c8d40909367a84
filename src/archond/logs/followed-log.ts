import { encodeReply } from '../../protocol/reply.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import { Channel } from '../streams/channel.ts';
import { LogCursor } from './log-cursor.ts';
import type { LogPoint } from './log-point.ts';
import type { LogWatcher, LogWriters } from './log-writers.ts';

/** So many pieces are read before others have their turn. */
const PIECES_A_TURN = 4;

/** A log that streams follow. It is read once, however many there are. */
export class FollowedLog implements LogWatcher {
  readonly #sys: Sys;
  readonly #writers: LogWriters;
  readonly #cursor: LogCursor;
  readonly #channels = new Map<string | undefined, Channel>();
  readonly #unwatch: Cancel;
  readonly #left: () => void;
  #isDue = false;

  /**
   * @param from what is before was sent to the first that joins
   * @param left called when nobody follows it any more
   */
  constructor(sys: Sys, writers: LogWriters, path: string, from: LogPoint, left: () => void) {
    this.#sys = sys;
    this.#writers = writers;
    this.#left = left;
    this.#cursor = new LogCursor(sys.files, path, from, (time, text) => {
      const line = encodeReply({ kind: 'data', name: 'Line', fields: [time, text] });
      for (const channel of this.#channels.values()) channel.add(line);
    });
    this.#cursor.elsewhere = () => writers.openPaths(path);
    this.#unwatch = writers.watch(path, this);
  }

  /** How far it has been told. */
  get told(): LogPoint {
    return this.#cursor.given;
  }

  /** What is from this file on has not been read yet. */
  get number(): number {
    return this.#cursor.at.number;
  }

  moved(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#sys.timers.at(this.#sys.clock.monotonicMs(), () => {
      this.#isDue = false;
      if (this.#channels.size > 0) this.#tell();
    });
  }

  rotated(): void {
    if (this.#channels.size > 0) this.#tell();
  }

  reopening(): void {
    this.tellAll();
  }

  rested(): void {
    this.moved();
  }

  /** Tells all that there is, before anybody else does anything. */
  tellAll(): void {
    while (this.#tell());
  }

  /** From now on the stream, which is open and was sent what has been told, is sent what comes. */
  join(call: Call): void {
    const { tag } = call.request;
    const channel = this.#channels.get(tag) ?? new Channel(tag);
    this.#channels.set(tag, channel);
    channel.join(call, () => {
      if (!channel.isHeard) this.#channels.delete(tag);
      if (this.#channels.size > 0) return;
      this.#unwatch();
      this.#left();
    });
  }

  /** Tells a part; whether more is left. A line that nobody is going to end is told as it is. */
  #tell(): boolean {
    const read = this.#cursor.read(PIECES_A_TURN);
    if (read.kind === 'gone' || read.kind === 'compressed') {
      /* It has fallen so far behind that what was to come is not there any more. */
      for (const channel of [...this.#channels.values()]) channel.end('too-slow');
      return false;
    }
    /* What cannot be read now may be when more has come. */
    const isMore = read.kind === 'read' && read.isMore;
    if (isMore) this.moved();
    else if (!this.#writers.writes(this.#cursor.path)) this.#cursor.flush();
    for (const channel of [...this.#channels.values()]) channel.tell();
    return isMore;
  }
}
