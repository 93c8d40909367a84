import { recordsOf } from '../consult.ts';
import { reach } from '../reach.ts';
import type { Data } from '../consult.ts';
import type { Candidate } from './candidates.ts';

/** Nobody waits longer for a Tab: a supervisor that is slow has no labels to tell. */
const PATIENCE_MS = 1000;

/** The labels that the supervisor has now, with their states; none where it does not say so at once. */
export async function liveLabels(socket: string): Promise<readonly Candidate[]> {
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  const reached = await reach(socket, { refusedMs: 0, giveUp });
  if (!reached.ok) return [];
  const conversation = reached.value;
  giveUp.addEventListener('abort', () => {
    conversation.close();
  });
  const data: Data[] = [];
  const closing = await conversation.ask(['List'], (reply) => {
    data.push(reply);
  });
  conversation.close();
  if (closing.kind !== 'ok') return [];
  return recordsOf({ data }, 'Unit').map(([label = '', state = '']) => [label, state] as const);
}
