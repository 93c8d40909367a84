import { textOf } from '../protocol/bytes.ts';
import { recordsOf, settle, type Answer } from './consult.ts';
import { printable } from './print/printable.ts';
import type { Invocation } from './verb.ts';

/** What a reload does about a unit; the label is empty for what stands beside the units. */
export interface Change {
  readonly label: string;
  readonly kind: string;
  readonly meaning: string;
}

/** The `Change` records of an answer. */
export function changesOf(answer: Answer | undefined): readonly Change[] {
  return recordsOf(answer, 'Change').map((fields) => {
    const [label = '', kind = '', meaning = ''] = fields.map(textOf);
    return { label, kind, meaning };
  });
}

const SIGNS: Readonly<Record<string, readonly [sign: string, colour: string]>> = {
  added: ['+', '32'],
  removed: ['-', '31'],
  changed: ['~', '33'],
};

/** A line for each unit that changes or is moved by it, and how many are left alone. */
export function changesText(changes: readonly Change[], isColoured: boolean): string {
  const told = changes.filter(({ kind, meaning }) => kind !== 'unchanged' || meaning !== '');
  const width = Math.max(0, ...told.map(({ label }) => nameOf(label).length));
  const lines = told.map(({ label, kind, meaning }) => {
    const [sign, colour] = SIGNS[kind] ?? [' ', '0'];
    const line = `${sign} ${nameOf(label).padEnd(width)}  ${printable(meaning)}`.trimEnd();
    return isColoured && kind in SIGNS ? `\u001b[${colour}m${line}\u001b[0m\n` : `${line}\n`;
  });
  const rest = changes.length - told.length;
  if (told.length === 0) return 'nothing changes\n';
  return `${lines.join('')}${rest === 0 ? '' : `${rest} ${rest === 1 ? 'unit' : 'units'} unchanged\n`}`;
}

function nameOf(label: string): string {
  return label === '' ? '(access, ports)' : printable(label);
}

/** Complains of all that is wrong with a configuration, a line each; of anything else as usual. Returns the exit code. */
export function tellWrongness(invocation: Invocation, answers: readonly Answer[]): number {
  const [answer] = answers;
  const code = settle(invocation, answers);
  if (answer?.closing.kind !== 'error') return code;
  const { more = [] } = answer.closing.failure;
  if (answer.closing.failure.code === 'failed' && more.length > 1)
    for (const complaint of more.slice(1)) invocation.screen.complain(printable(complaint));
  return code;
}
