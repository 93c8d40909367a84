import { signalNumber } from '../../base/signals.ts';
import type { Fields } from '../../protocol/record.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { monotonicMs } from '../clock.ts';
import { reasonOf } from '../consult.ts';
import type { Closing, Conversation } from '../conversation.ts';
import { Progress } from '../print/progress.ts';
import type { Screen } from '../print/screen.ts';
import { pauseAfterHangUp, reachListening } from '../reach.ts';
import { EXIT } from '../verb.ts';
import { RUN_EXIT, runExitCode } from './exit-code.ts';
import { SignalRelay } from './relay.ts';

/** As long as the supervisor lets a command live that nobody waits for. */
const RETURN_MS = 60_000;

/** One that stays for so long has come back. */
const STEADY_MS = 1000;

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
  const began = await reachListening(socket);
  if (!began.ok) {
    screen.complain(began.error);
    return EXIT.unreachable;
  }
  let conversation = began.value;
  const relay = new SignalRelay(label);
  relay.attach(conversation);
  let answer = await conversation.ask(errand.request, undefined, errand.descriptors);
  const isSuccessors = answer.kind === 'lost';
  let goneSinceMs = 0;
  let heardAtMs = -Infinity;
  while (answer.kind === 'lost') {
    relay.detach();
    /* A successor that goes away at once is as good as none. */
    if (monotonicMs() - heardAtMs > STEADY_MS) goneSinceMs = monotonicMs();
    else await pauseAfterHangUp(relay.givenUp());
    const again = await comeBack(errand, goneSinceMs + RETURN_MS, relay, screen);
    if (typeof again === 'number') {
      relay.close();
      return again;
    }
    conversation = again;
    heardAtMs = monotonicMs();
    relay.attach(conversation);
    answer = await conversation.ask(['Wait', label]);
  }
  relay.close();
  conversation.close();
  if (answer.kind === 'error')
    screen.complain(isSuccessors ? lateReason(answer, label) : reasonOf(answer.failure));
  return runExitCode(answer);
}

/** The successor of a supervisor that went away; else the exit code, the reason told. */
async function comeBack(
  errand: Errand,
  untilMs: number,
  relay: SignalRelay,
  screen: Screen,
): Promise<Conversation | number> {
  const { socket, label } = errand;
  const leftMs = Math.max(0, untilMs - monotonicMs());
  const progress = new Progress(
    screen,
    () => `the supervisor went away; ${label} goes on, waiting for its return`,
  );
  const patience = { refusedMs: leftMs, absentMs: leftMs, giveUp: relay.givenUp() };
  const reached = await reachListening(socket, patience);
  progress.close();
  const { givenUpBy } = relay;
  if (reached.ok && givenUpBy === undefined && leftMs > 0) return reached.value;
  if (reached.ok) reached.value.close();
  const howToGoOn = `archonctl wait ${label} tells how it ends`;
  if (givenUpBy !== undefined) {
    screen.complain(`given up; the command may go on: ${howToGoOn}`);
    const number = signalNumber(givenUpBy);
    return number.ok ? 128 + number.value : RUN_EXIT.ownFailure;
  }
  screen.complain(
    `${reached.ok ? `the supervisor at ${socket} goes away again and again` : reached.error}; ${howToGoOn}`,
  );
  return EXIT.unreachable;
}

/** Why the successor could not say how the command ended. */
function lateReason(answer: Extract<Closing, { readonly kind: 'error' }>, label: string): string {
  return answer.failure.code === 'not-found'
    ? `the supervisor went away, and its successor knows nothing of ${label}: whether it ran cannot be told`
    : reasonOf(answer.failure);
}
