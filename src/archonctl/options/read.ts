import { err, ok, type Result } from '../../base/result.ts';
import type { Screen } from '../print/screen.ts';
import type { Explained, Form } from './explain.ts';
import type { OptionTable, Parsed } from './option.ts';
import { parseQuickly } from './quick.ts';

/** Instead of a parsed line: what is to be printed, and where that leads. */
export type Instead = Exclude<Explained, { readonly kind: 'parsed' }>;

/** Takes a command line apart, as quickly as it is plain. */
export async function readLine(
  form: Form,
  line: readonly string[],
  screen: Pick<Screen, 'columns'>,
): Promise<Result<Parsed, Instead>> {
  const table: OptionTable = Object.fromEntries(
    form.options.flatMap(([, options]) => Object.entries(options)),
  );
  const parsed = parseQuickly(table, line, form.order);
  if (parsed !== undefined && isCounted(form.operands, parsed.words.length)) return ok(parsed);
  const { explain } = await import('./explain.ts');
  const explained = explain(form, line, screen.columns());
  return explained.kind === 'parsed' ? ok(explained.parsed) : err(explained);
}

/** Whether that many words may stand for these operands. */
function isCounted(operands: readonly string[], count: number): boolean {
  const least = operands.filter((operand) => operand.startsWith('<')).length;
  const most = operands.some((operand) => operand.includes('...')) ? Infinity : operands.length;
  return count >= least && count <= most;
}
