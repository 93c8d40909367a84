import type { Cancel, Sys } from '../../sys/sys.ts';
import type { UnitOutput } from '../unit-output.ts';

const PIECE_BYTES = 65_536;
/** A line is looked at up to here: patterns may take long on long texts. */
const LINE_CHARACTERS = 8192;

/**
 * Looks for a line that matches in what comes to a log from `fromBytes` on; a line counts when it is
 * complete. Woken by the output itself, and every `everyMs` where that was missed.
 */
export function searchLog(
  sys: Sys,
  output: UnitOutput,
  from: { readonly path: string; readonly bytes: number },
  pattern: RegExp,
  everyMs: number,
  found: () => void,
): Cancel {
  let atBytes = from.bytes;
  let rest = '';
  let isOver = false;
  let cancelTimer: Cancel = () => undefined;
  const stop = (): void => {
    isOver = true;
    cancelTimer();
    cancelWatch();
  };
  const look = (): void => {
    while (!isOver) {
      const read = sys.files.read(from.path, atBytes, PIECE_BYTES);
      if (!read.ok || read.value.length === 0) return;
      atBytes += read.value.length;
      const lines = (rest + Buffer.from(read.value).toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS);
      if (!lines.some((line) => pattern.test(line.slice(0, LINE_CHARACTERS)))) continue;
      stop();
      found();
    }
  };
  const tick = (): void => {
    output.drain();
    look();
    if (!isOver) cancelTimer = sys.timers.at(sys.clock.monotonicMs() + everyMs, tick);
  };
  const cancelWatch = output.whenWritten(look);
  cancelTimer = sys.timers.at(sys.clock.monotonicMs(), tick);
  return stop;
}
