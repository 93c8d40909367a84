import { Rehearsal } from '../../loader/rules.ts';
import { consult, settle } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { localTime } from '../print/time.ts';
import { EXIT, type Invocation } from '../verb.ts';
import { CLOCKS, counted, type Files } from './local.ts';

/** `rules replay`: which of the recorded events is said by options of `Events`. */
export async function replayRules(
  invocation: Invocation,
  options: readonly string[],
  files: Files,
): Promise<number> {
  const { screen, globals } = invocation;
  const answers = await consult(invocation, [{ fields: ['Events', ...options] }], true);
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
  const events = answer.data.flatMap((one) => (one.kind === 'event' ? [one.event] : []));
  const firstS = Number(events[0]?.timeNs ?? 0n) / 1e9;
  const rehearsal = new Rehearsal(CLOCKS, firstS);
  const faults = files.flatMap((file) => {
    const { fault } = rehearsal.load(file);
    return fault === undefined ? [] : [`${file.name}:${fault.line ?? 0}: ${fault.message}`];
  });
  for (const event of events) rehearsal.happen(event);
  const lines = rehearsal.deeds.map(({ atS, origin, line }) => ({
    time: atS,
    sequence: origin.sequence,
    file: origin.file,
    rule: origin.rule,
    action: line,
  }));
  const troubles = rehearsal.troubles.map(
    ({ file, line, what, message }) => `${file}:${line ?? 0}: ${what}: ${message}`,
  );
  if (globals.format === 'json') {
    printJson(screen, { events: events.length, actions: lines, faults: [...faults, ...troubles] });
  } else {
    screen.out(
      lines
        .map(({ time, sequence, file, rule, action }) => {
          const at = localTime(time.toFixed(3));
          return `${at} ${printable(`${file} ${rule}`)} (event ${sequence ?? '-'}): ${printable(action)}\n`;
        })
        .join(''),
    );
    for (const fault of [...faults, ...troubles]) screen.complain(printable(fault));
    if (lines.length === 0)
      screen.complain(`nothing would have been done on ${counted(events.length, 'event')}`);
  }
  return faults.length + troubles.length === 0 ? EXIT.done : EXIT.failed;
}
