import { monotonicMs } from '../clock.ts';
import type { Conversation } from '../conversation.ts';

/** How long all of the tree is waited for: what has left the process group was not told to stop. */
const ALL_MS = 1000;
/** How long the main process is waited for: one that sleeps uninterruptibly stops when it wakes. */
const MAIN_MS = 10_000;
/** Nothing tells when a process has stopped but looking at it. */
const LOOK_AGAIN_MS = 10;

/** States of proc_pid_stat(5) in which a process does nothing: stopped, traced, ended. */
const STILL = ['T', 't', 'Z', 'X'];

/**
 * Resolves when the processes of a command, told to stop, have done so, or `isWanted` no longer. A stop takes
 * effect when a process runs next; until then it can read from the terminal what is typed for the shell.
 */
export async function untilStopped(
  conversation: Conversation,
  label: string,
  isWanted: () => boolean,
): Promise<void> {
  const beganAtMs = monotonicMs();
  for (;;) {
    const moving: string[] = [];
    const answer = await conversation.ask(['Tree', label], (reply) => {
      const [depth = '', , , , state = ''] = reply.kind === 'data' ? reply.fields : [];
      if (!STILL.includes(state)) moving.push(depth);
    });
    const tookMs = monotonicMs() - beganAtMs;
    const isLate = tookMs > MAIN_MS || (tookMs > ALL_MS && !moving.includes('0'));
    if (answer.kind !== 'ok' || moving.length === 0 || isLate || !isWanted()) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
