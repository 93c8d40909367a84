import { failure, type Failure } from '../base/failure.ts';
import { err, ok, type Result } from '../base/result.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { LineCutter, type Cut } from '../protocol/framing.ts';
import { decodeRecord, encodeRecord, type Fields } from '../protocol/record.ts';
import { isClosing, readReply, type Reply } from '../protocol/reply.ts';
import { closeDescriptor } from '../sys/dialer.ts';
import type { Connection, Descriptor } from '../sys/sys.ts';

/** A reply that closes its request. */
export type Closing = Extract<Reply, { readonly kind: 'ok' | 'error' | 'exit-status' }>;

/** The connection ended before the closing reply came. */
export interface Lost {
  readonly kind: 'lost';
}

/** Told of the replies before the closing one. */
export type OnData = (reply: Exclude<Reply, Closing>) => void;

/** A request that is answered by a stream. */
export interface Stream {
  /** Its closing reply, after which it goes on where that is `ok`. */
  readonly opened: Promise<Closing | Lost>;
  /** Why it ended; undefined where the connection was lost, or it was none. */
  readonly ended: Promise<string | undefined>;
}

interface Open {
  readonly onData: OnData;
  /** Of a stream. */
  readonly end?: (reason: string | undefined) => void;
  /** Gets the descriptors that came with the closing reply, where it asks for them. */
  readonly takes?: (descriptors: readonly Descriptor[]) => void;
  readonly close: (closing: Closing | Lost) => void;
}

const NOTHING: OnData = () => undefined;

/**
 * Requests and their replies over one connection, each under a tag of its own, so that they run side
 * by side. Descriptors that come with replies are closed, but for those of requests that ask for some.
 */
export class Conversation {
  readonly #connection: Connection;
  readonly #cutter = new LineCutter<Descriptor>();
  readonly #open = new Map<string, Open>();
  #count = 0;
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    const over = (): void => {
      this.#end({ kind: 'lost' });
    };
    connection.listen({
      data: (bytes, descriptors, truncated) => {
        this.#cutter.push({ bytes, descriptors, truncated }, this.#take);
      },
      ended: over,
      gone: over,
      drained: () => undefined,
    });
  }

  /** Sends a request; resolves with its closing reply, or when the connection is lost. Never rejects. */
  async ask(
    fields: Fields,
    onData: OnData = NOTHING,
    descriptors: readonly Descriptor[] = [],
  ): Promise<Closing | Lost> {
    return this.#ask(fields, { onData }, descriptors);
  }

  /** The same of a request that is answered with descriptors, which are the caller's from then on. */
  async askFor(
    fields: Fields,
  ): Promise<{ readonly closing: Closing | Lost; readonly descriptors: readonly Descriptor[] }> {
    let descriptors: readonly Descriptor[] = [];
    const takes = (came: readonly Descriptor[]): void => {
      descriptors = came;
    };
    const closing = await this.#ask(fields, { onData: NOTHING, takes }, []);
    return { closing, descriptors };
  }

  async #ask(
    fields: Fields,
    told: Omit<Open, 'close'>,
    descriptors: readonly Descriptor[],
  ): Promise<Closing | Lost> {
    return new Promise((close) => {
      if (this.#isOver) {
        close({ kind: 'lost' });
        return;
      }
      this.#count += 1;
      const tag = `#${this.#count}`;
      this.#open.set(tag, { ...told, close });
      this.#connection.write(bytesOf(encodeRecord([tag, ...fields])), descriptors);
    });
  }

  /** Sends a request that is answered by a stream; `onData` is told of what comes before and behind its `Ok`. */
  follow(fields: Fields, onData: OnData): Stream {
    let end: NonNullable<Open['end']> = () => undefined;
    const ended = new Promise<string | undefined>((resolve) => (end = resolve));
    const opened = this.#ask(fields, { onData, end }, []).then((closing) => {
      if (closing.kind !== 'ok') end(undefined);
      return closing;
    });
    return { opened, ended };
  }

  /** Takes no more of what comes until `resume`. */
  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Hangs up; what is still open is lost. */
  close(): void {
    this.#connection.close();
    this.#end({ kind: 'lost' });
  }

  readonly #take = (cut: Cut<Descriptor>): boolean => {
    const drop = (): void => {
      for (const descriptor of cut.descriptors) closeDescriptor(descriptor);
    };
    const read = cut.kind === 'line' ? readLine(cut.bytes) : err(failure('syntax', NO_SUPERVISOR));
    if (!read.ok) {
      drop();
      this.#end({ kind: 'error', failure: read.error });
      this.#connection.close(true);
      return true;
    }
    const { tag, reply } = read.value;
    /* Only an error about a line that could not be read comes without a tag; it concerns the oldest. */
    const key = tag ?? this.#open.keys().next().value;
    const open = key === undefined ? undefined : this.#open.get(key);
    if (isClosing(reply) && open?.takes !== undefined) open.takes(cut.descriptors);
    else drop();
    if (key === undefined || open === undefined) return true;
    if (isClosing(reply)) {
      if (open.end === undefined || reply.kind !== 'ok') this.#open.delete(key);
      open.close(reply as Closing);
    } else if (reply.kind === 'end') {
      this.#open.delete(key);
      open.end?.(reply.reason);
    } else {
      open.onData(reply as Exclude<Reply, Closing>);
    }
    return true;
  };

  #end(how: Closing | Lost): void {
    this.#isOver = true;
    const left = [...this.#open.values()];
    this.#open.clear();
    for (const { close, end } of left) {
      close(how);
      end?.(undefined);
    }
  }
}

const NO_SUPERVISOR = 'what answers there is no supervisor of this protocol';

function readLine(
  line: Uint8Array,
): Result<{ readonly tag: string | undefined; readonly reply: Reply }, Failure> {
  const record = decodeRecord(line);
  if (!record.ok) return err(failure('syntax', `${NO_SUPERVISOR}: ${record.error.message}`));
  const read = readReply(record.value);
  return read.ok ? ok(read.value) : read;
}
