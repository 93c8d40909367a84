import { formatDuration } from '../base/duration.ts';
import { ERRORS } from '../base/errors.ts';
import type { Failure } from '../base/failure.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Fields } from '../protocol/record.ts';
import { socketPath } from '../protocol/socket-path.ts';
import type { Descriptor } from '../sys/sys.ts';
import { monotonicMs } from './clock.ts';
import type { Closing, Conversation, OnData } from './conversation.ts';
import { printable } from './print/printable.ts';
import { hangsUp, pauseAfterHangUp, reach, reachListening } from './reach.ts';
import { EXIT, type Invocation } from './verb.ts';

/** How long an answer is waited for over the supervisor's own death and return. */
const RETURN_MS = 10_000;

/** A request to be put. */
export interface Question {
  readonly fields: Fields;
  /** Told of each record as it comes; again from the first one where the question had to be put again. */
  readonly onData?: OnData;
  readonly descriptors?: readonly Descriptor[];
}

/** A reply before the closing one. */
export type Data = Parameters<OnData>[0];

/** All that came for a question. */
export interface Answer {
  readonly data: readonly Data[];
  readonly closing: Closing;
}

/**
 * Puts questions to the supervisor side by side and resolves with their answers, in their order. Where it
 * dies meanwhile, those that may be are put to its successor again. What prevents an answer is complained
 * of, and the exit code comes back instead.
 *
 * @param isRepeatable whether carrying the questions out twice comes to the same as once
 */
export async function consult(
  { globals, caller, screen }: Invocation,
  questions: readonly Question[],
  isRepeatable: boolean,
): Promise<Result<readonly Answer[], number>> {
  const socket = socketPath(globals.socket, caller.uid, caller.env);
  const { timeoutMs } = globals;
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const giveUp = deadline === undefined ? {} : { giveUp: deadline };
  const isLate = (): boolean => deadline?.aborted === true;
  const answers = new Map<Question, Answer>();
  const refuse = (sentence: string, code: number): Result<never, number> => {
    screen.complain(sentence);
    return err(code);
  };
  let goneSinceMs: number | undefined;
  for (;;) {
    const leftMs = goneSinceMs === undefined ? undefined : goneSinceMs + RETURN_MS - monotonicMs();
    const patience = leftMs === undefined ? giveUp : { ...giveUp, refusedMs: leftMs, absentMs: leftMs };
    const reached = await (isRepeatable ? reach : reachListening)(socket, patience);
    if (reached.ok) await putAll(reached.value, questions, answers, deadline);
    else if (!isLate()) return refuse(reached.error, EXIT.unreachable);
    if (answers.size === questions.length) return ok(questions.flatMap((one) => answers.get(one) ?? []));
    if (isLate()) return refuse(`there was no answer within ${formatDuration(timeoutMs ?? 0)}`, EXIT.failed);
    if (!isRepeatable) return refuse(WENT_AWAY, EXIT.failed);
    if ((leftMs ?? 1) <= 0) return refuse(hangsUp(socket), EXIT.unreachable);
    goneSinceMs ??= monotonicMs();
    await pauseAfterHangUp(deadline);
  }
}

const WENT_AWAY = 'the supervisor went away before it answered; see archonctl list for what it did';

/** Puts what has no answer yet; returns when all are answered, or the connection is lost or given up. */
async function putAll(
  conversation: Conversation,
  questions: readonly Question[],
  answers: Map<Question, Answer>,
  giveUp: AbortSignal | undefined,
): Promise<void> {
  const hangUp = (): void => {
    conversation.close();
  };
  giveUp?.addEventListener('abort', hangUp);
  const put = async (question: Question): Promise<void> => {
    const data: Data[] = [];
    const onData: OnData = (reply) => {
      data.push(reply);
      question.onData?.(reply);
    };
    const closing = await conversation.ask(question.fields, onData, question.descriptors);
    if (closing.kind !== 'lost') answers.set(question, { data, closing });
  };
  await Promise.all(questions.filter((question) => !answers.has(question)).map(put));
  giveUp?.removeEventListener('abort', hangUp);
  conversation.close();
}

/** What follows the name in all records of that name among what came for a question. */
export function recordsOf(answer: Pick<Answer, 'data'> | undefined, name: string): (readonly string[])[] {
  return (answer?.data ?? []).flatMap((one) =>
    one.kind === 'data' && one.name === name ? [one.fields] : [],
  );
}

/** Complains of the failures among the answers; the exit code, the worst first: 4, 1, or 0. */
export function settle({ screen }: Invocation, answers: readonly Answer[]): number {
  let code: number = EXIT.done;
  for (const { closing } of answers) {
    if (closing.kind !== 'error') continue;
    screen.complain(reasonOf(closing.failure));
    code = Math.max(code, ERRORS[closing.failure.code].exitCode);
  }
  return code;
}

/** A failure's sentence, safe to print. */
export function reasonOf(failure: Failure): string {
  return printable(failure.message);
}
