import type { Fields } from '../protocol/record.ts';
import { consult, settle } from './consult.ts';
import { printJson } from './print/document.ts';
import { EXIT, type Invocation } from './verb.ts';

/** Puts a request that is answered by the number of units it reached, and prints that number in a sentence. */
export async function askForCount(
  invocation: Invocation,
  fields: Fields,
  isRepeatable: boolean,
  sentence: (units: string) => string,
): Promise<number> {
  const { globals, screen } = invocation;
  const answers = await consult(invocation, [{ fields }], isRepeatable);
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
  const count = Number(answer.closing.fields[0] ?? '0');
  if (globals.format === 'json') printJson(screen, { count });
  else if (count === 0) screen.complain('no unit matches');
  else screen.out(`${sentence(count === 1 ? '1 unit' : `${count} units`)}\n`);
  return EXIT.done;
}
