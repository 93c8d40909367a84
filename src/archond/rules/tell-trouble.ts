import type { Trouble } from '../../rules/ask.ts';
import type { House } from '../house.ts';
import { causeOf } from './acts.ts';

const SAID: Readonly<Record<Trouble['what'], string>> = {
  failed: 'failed',
  suspended: 'is suspended',
  cut: 'was cut off',
  refused: 'was refused',
};

/** What went wrong with a rule is told loudly: by an event, and a line of the log. */
export function tellTrouble({ chronicle, log }: House, trouble: Trouble): void {
  const { file, line, what, message, rule, origin } = trouble;
  const place = line === undefined ? [] : [['line', String(line)] as const];
  const name = rule === '' ? [] : [['name', rule] as const];
  const details = [['what', what], ['file', file], ...place, ...name, ['message', message]] as const;
  chronicle.append('', 'rule', details, causeOf(origin));
  log.error(`a rule ${SAID[what]}`, { file, line, rule, message });
}
