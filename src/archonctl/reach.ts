import { describeErrno } from '../base/errno.ts';
import { err, ok, type Result } from '../base/result.ts';
import { isTrusted } from '../protocol/socket-path.ts';
import { dial } from '../sys/dialer.ts';
import type { Connection } from '../sys/sys.ts';
import { Bell } from './bell.ts';
import { monotonicMs } from './clock.ts';
import { Conversation } from './conversation.ts';

/** A supervisor that has just died is back within this time, unless its machine is very busy. */
const RESTART_MS = 2000;
/** How long one is tried that takes connections and hangs up on them. */
const UNHEARD_MS = 10_000;
/** Who was hung up on asks again after this: nothing tells when it will be heard. */
const HUNG_UP_PAUSE_MS = 20;
/** Where the bell of the socket's folder cannot be heard, the pauses between two tries grow. */
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 200;

/** How long to try where nobody answers. */
export interface Patience {
  /** While the socket is or was there and nobody listens; default two seconds, in which a supervisor restarts. */
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
      return err(hangsUp(socket));
    }
    await pauseAfterHangUp(giveUp);
  }
}

/** What is to be said of a supervisor that takes connections and answers nobody. */
export function hangsUp(socket: string): string {
  return `the supervisor at ${socket} hangs up on everyone; see what it logs`;
}

/** A moment, so that one who hangs up on everyone is not asked without pause. */
export async function pauseAfterHangUp(giveUp?: AbortSignal): Promise<void> {
  const bell = new Bell(giveUp);
  await bell.heard(HUNG_UP_PAUSE_MS);
  bell.close();
}

/**
 * Connects to the supervisor, as soon as it listens and for as long as the patience lasts: whenever a socket
 * takes its place in the folder, and at growing intervals. The error is a sentence that says what to do.
 */
export async function reachConnection(
  socket: string,
  patience: Patience = {},
): Promise<Result<Connection, string>> {
  const { refusedMs = RESTART_MS, absentMs = 0, giveUp } = patience;
  const beganAtMs = monotonicMs();
  const bell = new Bell(giveUp);
  /* A socket that has just gone is as good as one that nobody listens on: another takes its place. */
  const goneMs = (wasThere: boolean): number => (wasThere ? Math.max(absentMs, refusedMs) : absentMs);
  let wasThere = false;
  let pauseMs = FIRST_PAUSE_MS;
  try {
    for (;;) {
      const dialled = await dial(socket, giveUp);
      if (dialled.ok) {
        const { uid } = dialled.value.peer;
        if (isTrusted(socket, uid, process.getuid?.() ?? 0)) return dialled;
        dialled.value.close(true);
        return err(
          `who answers at ${socket} is user ${uid}, not you: nothing was sent; name another socket with --socket`,
        );
      }
      const { code } = dialled.error;
      wasThere ||= code === 'ECONNREFUSED';
      const wholeMs = code === 'ECONNREFUSED' ? refusedMs : code === 'ENOENT' ? goneMs(wasThere) : 0;
      const leftMs = wholeMs - (monotonicMs() - beganAtMs);
      if (leftMs <= 0 || giveUp?.aborted === true) return err(sentenceOf(socket, code));
      /* What happened before the bell could be heard is seen by trying once more. */
      if (bell.hang(socket)) continue;
      await bell.heard(Math.min(pauseMs, leftMs));
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  } finally {
    bell.close();
  }
}

const TO_DO: Readonly<Record<string, string>> = {
  ENOENT: 'start one with archond, or name another socket with --socket',
  ECONNREFUSED: 'nobody listens there; start a supervisor with archond',
  EACCES: 'your user is not admitted; name your own with --socket',
  EAGAIN: 'it has more callers than it can take; try again',
};

function sentenceOf(socket: string, code: string): string {
  const toDo = TO_DO[code] ?? 'name another socket with --socket';
  return `the supervisor at ${socket} cannot be reached: ${describeErrno(code)}; ${toDo}`;
}
