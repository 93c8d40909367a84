import { listing } from '../base/show.ts';
import { textOf } from '../protocol/bytes.ts';
import { consult, recordsOf, type Answer } from './consult.ts';
import { fieldOfStatus } from './print/status.ts';
import type { Invocation } from './verb.ts';

/** A unit that does not wait itself, and for which another one waits. */
export interface HoldUp {
  readonly label: string;
  readonly state: string;
  /** The units between the two, the one that waits for it last. */
  readonly through: readonly string[];
  /** How it ended last: an exit code or the name of a signal; undefined where it did not. */
  readonly lastEnd: string | undefined;
}

/** More would not be read; a long chain has its end told, not all of its links. */
const MOST_ASKED = 1000;
const MOST_TOLD = 3;

/** What a unit that waits is waiting for in the end: what it waits for may wait in turn. None where it waits for nothing by now. */
export async function holdUpsOf(invocation: Invocation, status: Answer): Promise<readonly HoldUp[]> {
  const found: HoldUp[] = [];
  const asked = new Set<string>();
  let open = waitedForIn(status).map((label) => ({ label, through: [] as readonly string[] }));
  while (open.length > 0 && asked.size < MOST_ASKED) {
    const fresh = open.filter(({ label }, at) => {
      const isFirst = open.findIndex((other) => other.label === label) === at;
      return isFirst && !asked.has(label);
    });
    for (const { label } of fresh) asked.add(label);
    const questions = fresh.map(({ label }) => ({ fields: ['Status', label] }) as const);
    const answers = await consult(invocation, questions, true);
    if (!answers.ok) return found;
    open = fresh.flatMap(({ label, through }, index) => {
      const answer = answers.value[index];
      const state = answer === undefined ? undefined : fieldOfStatus(answer.data, 'state');
      if (answer === undefined || state === undefined) return [];
      if (state === 'waiting')
        return waitedForIn(answer).map((other) => ({ label: other, through: [...through, label] }));
      found.push({ label, state, through, lastEnd: lastEndIn(answer) });
      return [];
    });
  }
  return found;
}

function waitedForIn(status: Answer): readonly string[] {
  const [, ...labels] = recordsOf(status, 'Field').find(([name]) => name === 'waits-for') ?? [];
  return labels.map(textOf);
}

function lastEndIn({ data }: Answer): string | undefined {
  const code = fieldOfStatus(data, 'exit-code');
  return code === undefined ? fieldOfStatus(data, 'exit-signal') : `code ${code}`;
}

/** `It waits for check (backoff, last exit: code 1), through ready.`; undefined where there is nothing to tell. */
export function holdUpsText(holdUps: readonly HoldUp[]): string | undefined {
  if (holdUps.length === 0) return undefined;
  const told = holdUps.slice(0, MOST_TOLD).map(({ label, state, through, lastEnd }) => {
    const end = lastEnd === undefined ? '' : `, last exit: ${lastEnd}`;
    return `${label} (${state}${end})${through.length === 0 ? '' : ` through ${through.join(', ')}`}`;
  });
  const more = holdUps.length - told.length;
  return `It waits for ${listing(more > 0 ? [...told, `${more} more`] : told, 'and')}.`;
}
