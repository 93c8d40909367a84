import { textOf } from '../protocol/bytes.ts';
import { listing } from '../base/show.ts';
import { consult, settle } from './consult.ts';
import { printJson } from './print/document.ts';
import { printable } from './print/printable.ts';
import { EXIT, type Invocation } from './verb.ts';

/** Enables or disables units, says how many, and names what starts them all the same. */
export async function flagUnits(invocation: Invocation, verb: 'Enable' | 'Disable'): Promise<number> {
  const { words, globals, screen } = invocation;
  const answers = await consult(invocation, [{ fields: [verb, ...words] }], true);
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
  const [count = '0', ...starters] = answer.closing.fields.map(textOf);
  if (globals.format === 'json') {
    printJson(screen, { count: Number(count), startedBy: starters });
    return EXIT.done;
  }
  if (count === '0') {
    screen.complain('no unit matches');
    return EXIT.done;
  }
  screen.out(`${verb.toLowerCase()}d ${count === '1' ? '1 unit' : `${count} units`}\n`);
  if (starters.length > 0)
    screen.complain(`${listing(starters.map(printable), 'and')} will start what was disabled all the same`);
  return EXIT.done;
}
