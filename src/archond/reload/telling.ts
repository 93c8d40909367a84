import { failure, type Failure } from '../../base/failure.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Cause } from '../../supervisor/cause.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Details } from '../told-details.ts';
import type { Outlook } from './outlook.ts';

/** More complaints are counted, not told: nobody reads them, and a record has its limit. */
export const MOST_COMPLAINTS = 200;

/** What is wrong with a configuration, as a refusal and as details of an event. */
export function wrongness(complaints: readonly string[]): {
  readonly failure: Failure;
  readonly told: Details;
} {
  const [first = ''] = complaints;
  const more = complaints.length > 1 ? ` (and ${complaints.length - 1} more)` : '';
  const fields = complaints.slice(0, MOST_COMPLAINTS).map(fieldOfText);
  return {
    failure: failure('failed', fieldOfText(`the configuration is wrong: ${first}${more}`), fields),
    told: [
      ['complaints', String(complaints.length)],
      ...fields.map((complaint) => ['complaint', complaint] as const),
    ],
  };
}

/** Tells of a configuration that has come into force, and of each unit that this concerns; returns the causes of what is done about them. */
export function tellOf(
  chronicle: Pick<Chronicle, 'append'>,
  { difference, prospects }: Outlook,
  details: Details,
  cause: Cause,
): { readonly cause: Cause; readonly causes: ReadonlyMap<string, Cause> } {
  const count = (kind: string): string => String(difference.units.filter((one) => one.kind === kind).length);
  const heads: Details = difference.heads.length === 0 ? [] : [['keys', difference.heads.join(' ')]];
  const counts = (['added', 'removed', 'changed', 'unchanged'] as const).map(
    (kind) => [kind, count(kind)] as const,
  );
  const own = chronicle.append('', 'config', [...details, ...counts, ...heads], cause);
  const causes = new Map<string, Cause>();
  for (const { change } of prospects) {
    const { label, kind } = change;
    if (kind === 'unchanged') continue;
    const keys: Details =
      kind === 'changed'
        ? [
            ['restart', change.keys.restart.join(' ')],
            ['taken-over', change.keys.takenOver.join(' ')],
          ]
        : [];
    const said = keys.filter(([, value]) => value !== '');
    causes.set(label, chronicle.append(label, 'config', [['what', kind], ...said], own));
  }
  return { cause: own, causes };
}
