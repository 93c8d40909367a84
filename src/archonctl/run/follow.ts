import type { Fields } from '../../protocol/record.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { reasonOf } from '../consult.ts';
import type { Closing, Conversation, Lost } from '../conversation.ts';
import { Progress } from '../print/progress.ts';
import type { Screen } from '../print/screen.ts';
import { reach } from '../reach.ts';
import { EXIT } from '../verb.ts';
import { RUN_EXIT, runExitCode } from './exit-code.ts';
import { SignalRelay } from './relay.ts';

/** As long as the supervisor lets a command live that nobody waits for. */
const RETURN_MS = 60_000;

/** A command to be run to its end. */
export interface Errand {
  readonly socket: string;
  readonly label: string;
  readonly request: Fields;
  readonly descriptors: readonly Descriptor[];
}

/** Has the command run, whatever becomes of the supervisor meanwhile; resolves with the exit code of `run`. */
export async function follow(errand: Errand, screen: Screen): Promise<number> {
  const { socket, label } = errand;
  const began = await begin(socket);
  if (typeof began === 'string') {
    screen.complain(began);
    return EXIT.unreachable;
  }
  const relay = new SignalRelay(label);
  let conversation = began;
  relay.givenUp.addEventListener('abort', () => {
    conversation.close();
  });
  relay.attach(conversation);
  let answer = await conversation.ask(errand.request, undefined, errand.descriptors);
  const isFirst = answer.kind !== 'lost';
  while (answer.kind === 'lost') {
    relay.detach();
    const again = await comeBack(errand, relay, screen);
    if (typeof again === 'number') return again;
    conversation = again;
    relay.attach(conversation);
    answer = await conversation.ask(['Wait', label]);
  }
  relay.close();
  conversation.close();
  if (answer.kind === 'error')
    screen.complain(isFirst ? reasonOf(answer.failure) : lateReason(answer, label));
  return runExitCode(answer);
}

/** A connection on which the supervisor has answered, so that it takes what is sent next; else why there is none. */
async function begin(socket: string): Promise<Conversation | string> {
  for (;;) {
    const reached = await reach(socket);
    if (!reached.ok) return reached.error;
    const greeting: Closing | Lost = await reached.value.ask(['Version']);
    if (greeting.kind === 'ok') return reached.value;
    reached.value.close();
    if (greeting.kind === 'error')
      return `the supervisor at ${socket} refuses: ${reasonOf(greeting.failure)}`;
    if (greeting.kind === 'exit-status') return `what answers at ${socket} is no supervisor`;
  }
}

/** The successor of a supervisor that went away; else the exit code, the reason told. */
async function comeBack(errand: Errand, relay: SignalRelay, screen: Screen): Promise<Conversation | number> {
  const { socket, label } = errand;
  const progress = new Progress(
    screen,
    () => `the supervisor went away; ${label} goes on, waiting for its return`,
  );
  const { givenUp } = relay;
  const reached = await reach(socket, { refusedMs: RETURN_MS, absentMs: RETURN_MS, giveUp: givenUp });
  progress.close();
  if (reached.ok && !givenUp.aborted) return reached.value;
  relay.close();
  const howToGoOn = `archonctl wait ${label} tells how it ends`;
  if (!reached.ok && !givenUp.aborted) {
    screen.complain(`${reached.error}; ${howToGoOn}`);
    return EXIT.unreachable;
  }
  if (reached.ok) reached.value.close();
  screen.complain(`given up; the command may go on: ${howToGoOn}`);
  return exitOfSignal(String(givenUp.reason));
}

const NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

function exitOfSignal(signal: string): number {
  return 128 + (NUMBERS[signal] ?? RUN_EXIT.ownFailure);
}

/** Why the successor could not say how the command ended. */
function lateReason(answer: Extract<Closing, { readonly kind: 'error' }>, label: string): string {
  return answer.failure.code === 'not-found'
    ? `the supervisor went away, and its successor knows nothing of ${label}: whether it ran cannot be told`
    : reasonOf(answer.failure);
}
