import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { GLOBAL_OPTIONS, variableOf } from '../../src/archonctl/options/global.ts';
import { parseQuickly } from '../../src/archonctl/options/quick.ts';
import { EXIT } from '../../src/archonctl/verb.ts';
import { findVerb, VERBS } from '../../src/archonctl/verbs/table.ts';
import { VERSION } from '../../src/base/version.ts';
import { splitWords } from '../../src/base/words.ts';
import { ROOT } from '../support/supervisor.ts';
import { archonctl } from './client.ts';

const NOWHERE = '/nowhere/s';
const NAMES = Object.keys(VERBS);

describe('the help', () => {
  it('of archonctl lists every verb, every global option and the exit codes', async () => {
    const { code, stdout, stderr } = await archonctl(NOWHERE, ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const [name, { summary }] of Object.entries(VERBS)) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'));
    }
    for (const option of Object.keys(GLOBAL_OPTIONS)) expect(stdout).toContain(`--${option}`);
    for (const exit of Object.values(EXIT)) expect(stdout).toContain(` ${exit} `);
  });

  it.each(NAMES)('of %s shows its options and examples that it would itself take', async (name) => {
    const verb = await findVerb(name)?.[1].load();
    const { code, stdout, stderr } = await archonctl(NOWHERE, [name, '--help']);
    expect({ code, stderr, name: verb?.name }).toEqual({ code: 0, stderr: '', name });
    for (const option of Object.keys(verb?.options ?? {})) expect(stdout).toContain(`--${option}`);
    expect(verb?.examples.length).toBeGreaterThan(0);
    for (const [line] of verb?.examples ?? []) {
      expect(stdout).toContain(`  archonctl ${line}\n`);
      /* What the shell would put there is a time. */
      const words = splitWords(line.replace(/\$\(date [^)]*\)/, '1700000000'));
      if (!words.ok) throw new Error(line);
      const [called, ...rest] = words.value;
      expect(called).toBe(name);
      const table = { ...GLOBAL_OPTIONS, ...verb?.options };
      /* `kill -9` is the one habit that only commander knows. */
      if (!line.includes(' -9 '))
        expect([line, parseQuickly(table, rest, verb?.order ?? 'options-first')]).not.toContain(undefined);
    }
  });

  it('is the same by any way to ask for it', async () => {
    const { stdout } = await archonctl(NOWHERE, ['list', '--help']);
    for (const words of [
      ['ls', '-h'],
      ['help', 'list'],
      ['--json', 'list', '--csv', '--help'],
    ]) {
      expect([words, await archonctl(NOWHERE, words)]).toEqual([words, { code: 0, stdout, stderr: '' }]);
    }
    expect((await archonctl(NOWHERE, ['help'])).stdout).toBe((await archonctl(NOWHERE, ['--help'])).stdout);
  });

  it('does not come of a --help that belongs to a command', async () => {
    expect((await archonctl(NOWHERE, ['run', 'ls', '--help'])).code).toBe(69);
  });

  it('leaves the version to --version', async () => {
    expect(await archonctl(NOWHERE, ['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });
});

describe('wrong use', () => {
  it.each([
    [[], "missing required argument 'verb'; see archonctl --help"],
    [['lst'], "'lst' is none of its verbs; did you mean list?"],
    [['frobnicate'], "'frobnicate' is none of its verbs; see archonctl --help"],
    [['list', 'a', 'b'], 'too many arguments: expected 1 argument but got 2; see archonctl list --help'],
    [['stop'], "missing required argument 'label'; see archonctl stop --help"],
    [['list', '--all'], "unknown option '--all'; see archonctl list --help"],
    [['--json', '--csv', 'list'], 'choose one of --json and --csv'],
    [['list', '--\x1b[2J'], "unknown option '--\\x1b[2J'; see archonctl list --help"],
  ])('%j is told in one sentence, with exit code 2', async (words, sentence) => {
    expect(await archonctl(NOWHERE, words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `archonctl: ${sentence}\n`,
    });
  });

  it('is never made of a verb’s flag in the environment', async () => {
    const env = { ARCHON_LABEL: '', ARCHON_FORCE: 'x', ARCHON_RESTART: 'x', ARCHON_KEEP: '1' };
    expect((await archonctl(NOWHERE, ['start-daemon', 'true'], { env })).code).toBe(69);
  });
});

describe('the page of the client', () => {
  it('has a heading for each verb, and none for another', async () => {
    const page = await readFile(path.join(ROOT, 'docs/archonctl.org'), 'utf8');
    const headings = [...page.matchAll(/^\*\* ([a-z-]+)(?:, ([a-z]+))?$/gm)].map(([, name = '']) => name);
    expect(headings).toEqual(NAMES);
    for (const { aliases = [] } of Object.values(VERBS))
      for (const alias of aliases) expect(page).toContain(`, ${alias}\n`);
  });

  it('names each option below its verb, and the variable of each global one', async () => {
    const page = await readFile(path.join(ROOT, 'docs/archonctl.org'), 'utf8');
    for (const name of NAMES) {
      const verb = await findVerb(name)?.[1].load();
      const section = page.split(new RegExp(`^\\*\\* ${name}(?:,.*)?$`, 'm'))[1]?.split(/^\*/m)[0] ?? '';
      for (const option of Object.keys(verb?.options ?? {})) {
        const isCommon = section.includes('[[#command-options]') && page.includes(`--${option}`);
        expect([name, option, isCommon || section.includes(`--${option}`)]).toEqual([name, option, true]);
      }
    }
    for (const option of Object.keys(GLOBAL_OPTIONS)) expect(page).toContain(variableOf(option));
  });
});
