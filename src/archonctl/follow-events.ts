import type { EventRecord } from '../base/event-record.ts';
import { ERRORS } from '../base/errors.ts';
import type { Fields } from '../protocol/record.ts';
import { socketPath } from '../protocol/socket-path.ts';
import { reasonOf } from './consult.ts';
import type { Conversation, Stream } from './conversation.ts';
import { pauseAfterHangUp, reach } from './reach.ts';
import { EXIT, type Invocation } from './verb.ts';

/** How long the supervisor's return is waited for. */
const RETURN_MS = 10_000;

/** Whoever is answered so has to begin anew. */
const GONE = 'events are missing here: the supervisor has none after the last one any more';

/**
 * Follows events, over deaths and returns of the supervisor, without missing or doubling one; resolves with the
 * exit code when it has shut down or does not come back.
 */
export class EventFollower {
  readonly #invocation: Invocation;
  readonly #filter: readonly string[];
  readonly #onEvent: (event: EventRecord) => void;
  #journal = '';
  #sequence: number | undefined;
  /** Whether the last connection was answered. */
  #wasHeard = false;
  /** Events that came before the past was told. */
  #early: EventRecord[] | undefined;

  /** @param filter a label or glob, or nothing */
  constructor(invocation: Invocation, filter: readonly string[], onEvent: (event: EventRecord) => void) {
    this.#invocation = invocation;
    this.#filter = filter;
    this.#onEvent = onEvent;
  }

  /** @param past what `Events` is asked for of what has been; undefined: nothing */
  async follow(past: readonly string[] | undefined): Promise<number> {
    const { globals, caller, screen } = this.#invocation;
    screen.endWithReader();
    const socket = socketPath(globals.socket, caller.uid, caller.env);
    if (past !== undefined) this.#early = [];
    for (let isFirst = true; ; isFirst = false) {
      const patience = isFirst ? {} : { refusedMs: RETURN_MS, absentMs: RETURN_MS };
      const reached = await reach(socket, patience);
      if (!reached.ok) {
        screen.complain(reached.error);
        return EXIT.unreachable;
      }
      const code = await this.#listen(reached.value, past);
      reached.value.close();
      if (code !== undefined) return code;
      /* A successor that hangs up before it has said a word is not asked again at once; any other is listened for. */
      if (!this.#wasHeard) await pauseAfterHangUp();
    }
  }

  /** One connection, to its end; the exit code where that is the end of all. */
  async #listen(
    conversation: Conversation,
    past: readonly string[] | undefined,
  ): Promise<number | undefined> {
    const { screen } = this.#invocation;
    const stream = conversation.follow(this.#request(), (reply) => {
      if (reply.kind === 'event') this.#take(reply.event);
    });
    const opened = await stream.opened;
    this.#wasHeard = opened.kind !== 'lost';
    if (opened.kind === 'lost') return undefined;
    if (opened.kind === 'error' && opened.failure.code === 'not-found' && this.#sequence !== undefined) {
      screen.complain(GONE);
      this.#sequence = undefined;
      return undefined;
    }
    if (opened.kind === 'error') {
      screen.complain(reasonOf(opened.failure));
      return ERRORS[opened.failure.code].exitCode;
    }
    const position = opened.kind === 'ok' ? (opened.fields[0] ?? '') : '';
    const [journal = '', sequence = ''] = position.split(':');
    this.#journal = journal;
    this.#sequence = Math.max(this.#sequence ?? 0, Number(sequence));
    if (this.#early !== undefined && past !== undefined) {
      const code = await this.#tellPast(conversation, past, Number(sequence));
      if (code !== undefined) return code;
    }
    return this.#untilEnd(stream);
  }

  async #untilEnd(stream: Stream): Promise<number | undefined> {
    const reason = await stream.ended;
    if (reason !== 'shutting-down') return undefined;
    this.#invocation.screen.complain('the supervisor has shut down');
    return EXIT.done;
  }

  #request(): Fields {
    const after = this.#sequence === undefined ? [] : [`@after=${this.#journal}:${this.#sequence}`];
    return ['Subscribe', ...this.#filter, ...after];
  }

  /** What has been up to the position, then what came meanwhile. */
  async #tellPast(
    conversation: Conversation,
    past: readonly string[],
    upTo: number,
  ): Promise<number | undefined> {
    const answer = await conversation.ask(['Events', ...this.#filter, ...past], (reply) => {
      if (reply.kind === 'event' && reply.event.sequence <= upTo) this.#onEvent(reply.event);
    });
    const early = this.#early ?? [];
    this.#early = undefined;
    if (answer.kind === 'error') {
      this.#invocation.screen.complain(reasonOf(answer.failure));
      return ERRORS[answer.failure.code].exitCode;
    }
    for (const event of early) this.#onEvent(event);
    return undefined;
  }

  #take(event: EventRecord): void {
    this.#sequence = event.sequence;
    if (this.#early === undefined) this.#onEvent(event);
    else this.#early.push(event);
  }
}
