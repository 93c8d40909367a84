import type { Words } from '../base/words.ts';
import { signalName } from '../base/signals.ts';
import type { End } from '../supervisor/state.ts';
import type { Descriptor } from '../sys/sys.ts';
import type { Launch } from './launch.ts';
import type { UnitCommands } from './unit-commands.ts';

/** An end, as the command that is run for it is told of it. */
export interface EndStory {
  readonly label: string;
  readonly pid: number | undefined;
  readonly end: End;
  /** Why it was stopped, where it was; else how it ended. */
  readonly reason: string;
}

/**
 * Runs the `on-exit` command of a unit, with the unit's surroundings and what the units page lists; what it
 * writes goes where the unit's output went. It outlasts archond; `over` is called when nothing of it is left.
 */
export function runOnExit(
  commands: UnitCommands,
  words: Words,
  launch: Launch,
  streams: { readonly input: Descriptor; readonly output: Descriptor },
  story: EndStory,
  over: () => void,
): void {
  const env = new Map([...launch.env, ...storyEnv(story)]);
  const command = { label: story.label, launch: { ...launch, words, env }, ...streams, lasts: true };
  commands.run(command, over);
}

/** Empty where there is no such thing. */
function storyEnv({ label, pid, end, reason }: EndStory): readonly (readonly [string, string])[] {
  return [
    ['ARCHON_LABEL', label],
    ['ARCHON_PID', pid === undefined ? '' : String(pid)],
    ['ARCHON_CODE', end.kind === 'exited' ? String(end.code) : ''],
    ['ARCHON_SIGNAL', end.kind === 'signalled' ? signalName(end.signal) : ''],
    ['ARCHON_REASON', reason],
  ];
}
