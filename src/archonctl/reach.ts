import { describeErrno } from '../base/errno.ts';
import { err, ok, type Result } from '../base/result.ts';
import { dial } from '../sys/dialer.ts';
import type { Connection } from '../sys/sys.ts';
import { monotonicMs } from './clock.ts';
import { Conversation } from './conversation.ts';

/** A supervisor that has just died is back within this time, unless its machine is very busy. */
const RESTART_MS = 2000;
/** How long one is tried that takes connections and hangs up on them. */
const UNHEARD_MS = 10_000;
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 200;

/** How long to try where nobody answers. */
export interface Patience {
  /** While the socket is there and nobody listens; default two seconds, in which a supervisor restarts. */
  readonly refusedMs?: number;
  /** While there is no socket; default 0. */
  readonly absentMs?: number;
  /** Gives up at once, whatever is left. */
  readonly giveUp?: AbortSignal;
}

/** Begins a conversation with the supervisor; see `reachConnection`. */
export async function reach(socket: string, patience?: Patience): Promise<Result<Conversation, string>> {
  const reached = await reachConnection(socket, patience);
  return reached.ok ? ok(new Conversation(reached.value)) : reached;
}

/**
 * Begins a conversation in which the supervisor has shown that it listens: what it was told of by a request and
 * what not is then certain, even if it dies. One that dies under a connection it has not taken is tried again.
 */
export async function reachListening(
  socket: string,
  patience: Patience = {},
): Promise<Result<Conversation, string>> {
  const { giveUp } = patience;
  const beganAtMs = monotonicMs();
  for (;;) {
    const reached = await reach(socket, patience);
    if (!reached.ok) return reached;
    const conversation = reached.value;
    const hangUp = (): void => {
      conversation.close();
    };
    giveUp?.addEventListener('abort', hangUp);
    const greeting = await conversation.ask(['Version']);
    giveUp?.removeEventListener('abort', hangUp);
    if (greeting.kind !== 'lost') return reached;
    if (giveUp?.aborted === true || monotonicMs() - beganAtMs > UNHEARD_MS) {
      return err(`the supervisor at ${socket} hangs up before it has listened; see what it logs`);
    }
    await pause(LAST_PAUSE_MS / 10, giveUp);
  }
}

/**
 * Connects to the supervisor, again and again with growing pauses as long as the patience lasts. The
 * error is a sentence that says what to do.
 */
export async function reachConnection(
  socket: string,
  patience: Patience = {},
): Promise<Result<Connection, string>> {
  const { refusedMs = RESTART_MS, absentMs = 0, giveUp } = patience;
  const beganAtMs = monotonicMs();
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const dialled = await dial(socket, giveUp);
    if (dialled.ok) return dialled;
    const { code } = dialled.error;
    const wholeMs = code === 'ECONNREFUSED' ? refusedMs : code === 'ENOENT' ? absentMs : 0;
    const leftMs = wholeMs - (monotonicMs() - beganAtMs);
    if (leftMs <= 0 || giveUp?.aborted === true) return err(sentenceOf(socket, code));
    await pause(Math.min(pauseMs, leftMs), giveUp);
    pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
  }
}

async function pause(ms: number, giveUp: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      giveUp?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    giveUp?.addEventListener('abort', over);
    if (giveUp?.aborted === true) over();
  });
}

const TO_DO: Readonly<Record<string, string>> = {
  ENOENT: 'start one with archond, or name another socket with --socket',
  ECONNREFUSED: 'nobody listens there; start a supervisor with archond',
  EACCES: 'only its owner may speak to it; name your own with --socket',
  EAGAIN: 'it has more callers than it can take; try again',
};

function sentenceOf(socket: string, code: string): string {
  const toDo = TO_DO[code] ?? 'name another socket with --socket';
  return `the supervisor at ${socket} cannot be reached: ${describeErrno(code)}; ${toDo}`;
}
