import type { Failure } from '../../base/failure.ts';
import type { Fields } from '../../protocol/record.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { monotonicMs } from '../clock.ts';
import { reasonOf, recordsOf, type Data } from '../consult.ts';
import type { Conversation } from '../conversation.ts';
import { pauseAfterHangUp, reach } from '../reach.ts';
import { samplesOf, type Sample } from '../story/history.ts';
import type { Invocation } from '../verb.ts';
import { topRows, type TopRow } from './row.ts';

/** What units are and use, as far as it was asked for. */
export interface News {
  readonly rows: readonly TopRow[];
  /** What the unit whose history was asked for has used. */
  readonly past: { readonly label: string; readonly samples: readonly Sample[] } | undefined;
}

/** Where the supervisor cannot even be waited for, it is tried again after so long. */
const AGAIN_MS = 1000;
/** A supervisor that answers is not spoken of sooner. */
const SLOW_MS = 2000;

/** The two questions that make the rows. */
export function questionsOf(words: readonly string[]): readonly [Fields, Fields] {
  return [
    ['List', ...words],
    ['Usage', ...words],
  ];
}

/** Asks the same supervisor again and again over one connection, and its successors when it has died. */
export class Feed {
  /** Where the supervisor is asked. */
  readonly socket: string;
  readonly #words: readonly string[];
  readonly #giveUp: AbortSignal;
  #conversation: Conversation | undefined;
  #askedAtMs: number | undefined;
  #goneAtMs: number | undefined;
  #refused: string | undefined;

  /** @param giveUp ends all waiting */
  constructor({ globals, caller, words }: Invocation, giveUp: AbortSignal) {
    this.socket = socketPath(globals.socket, caller.uid, caller.env);
    this.#words = words;
    this.#giveUp = giveUp;
    giveUp.addEventListener('abort', () => {
      this.close();
    });
  }

  /** What is wrong at the moment, as a sentence. */
  get trouble(): string | undefined {
    const now = monotonicMs();
    const seconds = (sinceMs: number): string => `${Math.floor((now - sinceMs) / 1000)}s`;
    if (this.#goneAtMs !== undefined)
      return `the supervisor is gone; waiting for it to come back (${seconds(this.#goneAtMs)})${this.#refused ?? ''}`;
    if (this.#askedAtMs !== undefined && now - this.#askedAtMs >= SLOW_MS)
      return `the supervisor has not answered for ${seconds(this.#askedAtMs)}`;
    return this.#refused;
  }

  /**
   * What there is now, as soon as somebody answers; undefined where it was refused, which is `trouble` then, or given up.
   *
   * @param history the label of a unit whose history is wanted too
   */
  async ask(history: string | undefined): Promise<News | undefined> {
    while (!this.#giveUp.aborted) {
      const conversation = (this.#conversation ??= await this.#connect());
      if (conversation === undefined) continue;
      this.#askedAtMs ??= monotonicMs();
      const past = history === undefined ? undefined : gather(conversation, ['History', history]);
      const [list, usage] = await Promise.all(
        questionsOf(this.#words).map(async (fields) => gather(conversation, fields)),
      );
      const samples = await past;
      if (list?.failure === 'lost' || usage?.failure === 'lost') {
        this.#conversation = undefined;
        conversation.close();
        this.#goneAtMs ??= monotonicMs();
        /* Who hangs up on everyone is not asked without pause. */
        await pauseAfterHangUp(this.#giveUp);
        continue;
      }
      this.#askedAtMs = undefined;
      this.#goneAtMs = undefined;
      const failure = list?.failure ?? usage?.failure;
      this.#refused = failure === undefined ? undefined : reasonOf(failure);
      if (list === undefined || usage === undefined || failure !== undefined) return undefined;
      return {
        rows: topRows(recordsOf(list, 'Unit'), recordsOf(usage, 'Usage')),
        past:
          history === undefined
            ? undefined
            : { label: history, samples: samplesOf(recordsOf(samples, 'Sample')) },
      };
    }
    return undefined;
  }

  close(): void {
    this.#conversation?.close();
    this.#conversation = undefined;
  }

  /** As long as it takes; `trouble` tells meanwhile. */
  async #connect(): Promise<Conversation | undefined> {
    const forEver = { refusedMs: Infinity, absentMs: Infinity, giveUp: this.#giveUp };
    const reached = await reach(this.socket, forEver);
    if (reached.ok) return reached.value;
    this.#goneAtMs ??= monotonicMs();
    this.#refused = `: ${reached.error}`;
    if (!this.#giveUp.aborted) await new Promise((go) => setTimeout(go, AGAIN_MS));
    return undefined;
  }
}

interface Gathered {
  readonly data: readonly Data[];
  readonly failure: Failure | 'lost' | undefined;
}

async function gather(conversation: Conversation, fields: Fields): Promise<Gathered> {
  const data: Data[] = [];
  const closing = await conversation.ask(fields, (reply) => {
    data.push(reply);
  });
  if (closing.kind === 'ok') return { data, failure: undefined };
  return { data, failure: closing.kind === 'error' ? closing.failure : 'lost' };
}
