import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MATRIX } from '../../scripts/import-matrix.mjs';
import { ROOT, TempProject } from './temp-project.ts';

/** The project's own configuration on files of a project of its own, without the rules that ask the compiler. */
let project: TempProject;
let eslint: ESLint;

beforeAll(async () => {
  project = await TempProject.make();
  eslint = new ESLint({
    cwd: project.folder,
    overrideConfigFile: path.join(ROOT, 'eslint.config.js'),
    overrideConfig: [tseslint.configs.disableTypeChecked],
  });
});
afterAll(async () => project[Symbol.asyncDispose]());

/** What lint says of `text` standing in `file`: the rules and their messages. */
async function lint(file: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: project.path(file) });
  return results.flatMap((result) =>
    result.messages.map((one) => `${one.ruleId ?? 'parser'}: ${one.message}`),
  );
}

/** What lint says of one import in `file`. */
async function importing(file: string, statement: string): Promise<string[]> {
  return (await lint(file, `${statement}\n`)).filter((said) => said.startsWith('archon/import-matrix'));
}

describe('the import matrix', () => {
  it.each([
    ['src/protocol/codec.ts', `export * from '../base/result.ts';`],
    ['src/protocol/records/run.ts', `export * from '../codec.ts';`],
    ['src/protocol/records/run.ts', `export * from '../../base/result.ts';`],
    ['src/config/unit.ts', `export type { State } from '../supervisor/state.ts';`],
    ['src/config/unit.ts', `export { type State } from '../supervisor/state.ts';`],
    ['src/logs/capture.ts', `export type { Output } from '../sys/sys.ts';`],
    ['src/sys/dialer.ts', `export * from 'node:net';`],
    ['src/archond/main.ts', `export * from '../supervisor/transition.ts';`],
    ['src/archond/main.ts', `export * from 'node:path';`],
    ['src/archonctl/main.ts', `export * from '../sys/dialer.ts';`],
    ['src/archonctl/main.ts', `export { Command } from 'commander';`],
    ['test/sys/dialer.test.ts', `export * from '../../src/archond/main.ts';`],
  ])('lets %s say %s', async (file, statement) => {
    expect(await importing(file, statement)).toEqual([]);
  });

  it.each([
    ['src/base/result.ts', `import '../protocol/codec.ts';`, 'src/base may not import src/protocol/codec.ts'],
    [
      'src/protocol/codec.ts',
      `import '../archond/main.ts';`,
      'src/protocol may not import src/archond/main.ts',
    ],
    ['src/protocol/a/b.ts', `import '../../sys/sys.ts';`, 'src/protocol may not import src/sys/sys.ts'],
    ['src/protocol/codec.ts', `import 'node:buffer';`, 'src/protocol may not import node:buffer'],
    ['src/supervisor/plan.ts', `import 'node:path';`, 'src/supervisor may not import node:path'],
    ['src/config/unit.ts', `export * from '../supervisor/state.ts';`, 'src/config may import types only'],
    ['src/logs/capture.ts', `import '../sys/helper.ts';`, 'src/logs may not import src/sys/helper.ts'],
    [
      'src/archond/main.ts',
      `import '../archonctl/main.ts';`,
      'src/archond may not import src/archonctl/main.ts',
    ],
    ['src/archond/main.ts', `import 'node:fs';`, 'only src/sys touches the operating system'],
    ['src/archond/main.ts', `import 'node:fs/promises';`, 'only src/sys touches the operating system'],
    ['src/archond/main.ts', `import 'net';`, 'write node:net'],
    [
      'src/archond/main.ts',
      `await import('node:child_process');`,
      'src/archond may not import node:child_process',
    ],
    [
      'src/archond/main.ts',
      `export type Stats = import('node:fs').Stats;`,
      'src/archond may not import node:fs',
    ],
    ['src/archond/main.ts', `await import(String(name));`, 'src names what it imports as a plain string'],
    ['src/archonctl/main.ts', `import '../sys/sys.ts';`, 'src/archonctl may import types only'],
    [
      'src/archonctl/main.ts',
      `import '../archond/main.ts';`,
      'src/archonctl may not import src/archond/main.ts',
    ],
    ['src/sys/real.ts', `import '../protocol/codec.ts';`, 'src/sys may not import src/protocol/codec.ts'],
    ['src/sys/real.ts', `import '../../package.json';`, 'src/sys may not import package.json'],
    ['src/protocol/codec.ts', `import 'csv-parse/sync';`, 'src/protocol may not import package csv-parse'],
    [
      'src/protocol/codec.ts',
      `import '@scope/name/part';`,
      'src/protocol may not import package @scope/name',
    ],
    ['src/surprise/new.ts', `import '../base/result.ts';`, 'stands in no folder of the import matrix'],
    ['src/surprise.ts', `import './base/result.ts';`, 'stands in no folder of the import matrix'],
  ])('does not let %s say %s', async (file, statement, reason) => {
    const said = await importing(file, statement);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(reason);
  });

  it('has a row for every folder that there is', async () => {
    const entries = await readdir(path.join(ROOT, 'src'), { withFileTypes: true });
    for (const { name } of entries) expect(Object.keys(MATRIX)).toContain(name);
  });
});

describe('the other rules', () => {
  it('refuse a cycle of imports, and only a cycle', async () => {
    await project.write(
      'src/base/first.ts',
      `import { second } from './second.ts';\nexport const first = () => second;\n`,
    );
    await project.write(
      'src/base/second.ts',
      `import { first } from './first.ts';\nexport const second = () => first;\n`,
    );
    await project.write(
      'src/base/third.ts',
      `import { first } from './first.ts';\nexport const third = () => first;\n`,
    );
    const results = await eslint.lintFiles(['src']);
    const cycles = results.filter((result) =>
      result.messages.some((one) => one.ruleId === 'import-x/no-cycle'),
    );
    expect(cycles.map((result) => path.basename(result.filePath)).sort()).toEqual(['first.ts', 'second.ts']);
  });

  it.each([
    ['src/supervisor/backoff.ts', `export const at = Date.now();`, 'no-restricted-globals'],
    ['src/supervisor/backoff.ts', `export const jitter = Math.random();`, 'no-restricted-properties'],
    ['src/archond/loop.ts', `setTimeout(() => undefined, 10);`, 'no-restricted-globals'],
    ['src/archond/loop.ts', `export const now = new Date();`, 'no-restricted-syntax'],
    ['src/protocol/codec.ts', `export const bytes = Buffer.alloc(1);`, 'no-restricted-globals'],
    ['src/journal/store.ts', `process.exit(0);`, 'no-restricted-globals'],
    ['src/archond/loop.ts', `console.log('here');`, 'no-console'],
  ])('refuse in %s: %s', async (file, text, rule) => {
    const said = await lint(file, `${text}\n`);
    expect(said.map((one) => one.split(':')[0])).toContain(rule);
  });

  it('refuse a disabled rule without a reason and a reason without need', async () => {
    const file = 'src/archond/loop.ts';
    const used = `console.log('a'); // eslint-disable-line no-console`;
    expect(await lint(file, `${used} -- the last words of a dying process\n`)).toEqual([]);
    expect(String(await lint(file, `${used}\n`))).toContain('eslint-comments/require-description');
    expect(
      String(await lint(file, `export const a = 1; // eslint-disable-line no-console -- no need\n`)),
    ).toContain('Unused eslint-disable directive');
  });

  it('refuse a file of more than 400 lines', async () => {
    const line = 'export {};\n';
    expect(await lint('src/archond/long.ts', line.repeat(400))).toEqual([]);
    expect(String(await lint('src/archond/long.ts', line.repeat(401)))).toContain('max-lines');
  });
});
