import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archonctl } from '../client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';

const GOOD = 'units:\n  web:\n    command: sleep 1000\n    description: "na\u00efve"\n';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-test-'));
  file = path.join(folder, 'mine.yaml');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('check', () => {
  const check = async (...words: readonly string[]) =>
    archonctl('/nowhere/s', ['check', ...words], { cwd: folder });

  it('needs no supervisor, and ends with 0 where nothing is wrong', async () => {
    writeFileSync(file, GOOD);
    const stdout = 'nothing is wrong: 1 unit in 1 file\n';
    expect(await check('mine.yaml')).toEqual({ code: 0, stdout, stderr: '' });
    const json = JSON.parse((await check('--json', file)).stdout) as unknown;
    expect(json).toEqual({ complaints: [], files: [file], units: ['web'] });
  });

  it('says all that is wrong, each in a line, and ends with 1', async () => {
    writeFileSync(file, 'unit: 1\nunits:\n  web:\n    nice: 99\n');
    const { code, stdout, stderr } = await check(folder, 'nowhere.yaml');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.replaceAll(`${folder}/`, '').trimEnd().split('\n')).toEqual([
      'mine.yaml:1:1: unit: this key is not known; did you mean units?',
      'mine.yaml:3:3: units.web.command: this key is missing: a unit has a command or a script',
      "mine.yaml:4:11: units.web.nice: expected a whole number from -20 to 19, found '99'",
      'nowhere.yaml: cannot read nowhere.yaml: ENOENT (No such file or directory)',
    ]);
    const json = JSON.parse((await check('--json', file)).stdout) as { complaints: unknown[] };
    expect(json.complaints).toHaveLength(3);
    expect(json.complaints[0]).toMatchObject({ kind: 'unknown-key', key: 'unit', nearest: 'units' });
  });
});

describe('dump config', () => {
  it('prints YAML that loads to the same', async () => {
    writeFileSync(file, GOOD);
    await using supervisor = await TestSupervisor.start({ args: ['--config', file] });
    const { code, stdout } = await archonctl(supervisor.socket, ['dump', 'config']);
    const again = path.join(folder, 'again.yaml');
    writeFileSync(again, stdout, 'latin1');
    expect({ code, check: await archonctl(supervisor.socket, ['check', again]) }).toEqual({
      code: 0,
      check: { code: 0, stdout: 'nothing is wrong: 1 unit in 1 file\n', stderr: '' },
    });
    expect(Buffer.from(stdout, 'latin1').toString()).toContain('description: na\u00efve');
  });
});
