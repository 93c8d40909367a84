import { describeErrno } from '../../base/errno.ts';
import { readRules, Rehearsal, testFile } from '../../loader/rules.ts';
import { configurationPaths, usualRules } from '../../loader/usual.ts';
import { fieldOfText, textOf } from '../../protocol/bytes.ts';
import { monotonicMs } from '../clock.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { EXIT, type Invocation } from '../verb.ts';

/** Rule files that were read. */
export type Files = ReturnType<typeof readRules>['files'];

/** Clocks of this program. */
export const CLOCKS = {
  wallMs: monotonicMs,
  cpuMs: (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** The files of the paths, or of the usual folder; what cannot be read is complained of. */
export function readFiles({ screen, caller }: Invocation, given: readonly string[]): Files | undefined {
  const folder = textOf(caller.folder() ?? '/');
  const config = configurationPaths([], caller.uid, caller.env, folder);
  const usual = usualRules(config, caller.uid);
  const paths = given.length > 0 ? given : usual === undefined ? [] : [usual];
  const { files, unreadable } = readRules(paths);
  for (const { path, code } of unreadable)
    screen.complain(`cannot read ${printable(fieldOfText(path))}: ${describeErrno(code)}`);
  if (unreadable.length > 0) return undefined;
  if (files.length > 0) return files;
  screen.complain('there is no rule file: name one');
  return undefined;
}

/** `rules check`. */
export function checkRules({ screen, globals }: Invocation, files: Files): number {
  const rehearsal = new Rehearsal(CLOCKS, 0);
  const loaded = files.map((file) => rehearsal.load(file));
  const faults = loaded.flatMap(({ name, fault }) =>
    fault === undefined ? [] : [{ file: name, line: fault.line ?? 0, message: fault.message }],
  );
  const count = loaded.reduce((sum, file) => sum + file.rules.length, 0);
  if (globals.format === 'json') printJson(screen, { faults, rules: count, files: files.length });
  else if (faults.length === 0)
    screen.out(`nothing is wrong: ${counted(count, 'rule')} in ${counted(files.length, 'file')}\n`);
  else
    screen.err(
      faults.map(({ file, line, message }) => `${printable(`${file}:${line}: ${message}`)}\n`).join(''),
    );
  return faults.length === 0 ? EXIT.done : EXIT.failed;
}

/** `rules test`. */
export function testRules({ screen, globals }: Invocation, files: Files): number {
  let failed = 0;
  let count = 0;
  const results: unknown[] = [];
  const lines: string[] = [];
  for (const file of files) {
    const tested = testFile(file, CLOCKS);
    if (!tested.ok) {
      failed += 1;
      results.push({ file: file.name, error: tested.error });
      lines.push(`FAILED  ${tested.error}`);
      continue;
    }
    for (const { name, line, faults, deeds } of tested.value) {
      count += 1;
      if (faults.length > 0) failed += 1;
      results.push({ file: file.name, line, name, faults, deeds });
      lines.push(`${faults.length === 0 ? 'ok     ' : 'FAILED '} ${file.name}:${line} ${name}`);
      lines.push(...faults.map((fault) => `          ${fault}`));
    }
  }
  if (globals.format === 'json') printJson(screen, { cases: results, failed });
  else {
    screen.out(lines.map((line) => `${printable(line)}\n`).join(''));
    if (failed > 0) screen.complain(`${failed} of ${counted(count, 'case')} failed`);
    else if (count === 0) screen.complain('there is no case: write test{...} into the file');
  }
  return failed === 0 ? EXIT.done : EXIT.failed;
}

/** `1 rule`, `2 rules`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
