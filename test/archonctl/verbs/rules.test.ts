import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { untilLoaded, follow, untilTold } from '../../archond/rules/watching.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong } from '../../support/told.ts';
import { archonctl } from '../client.ts';

const GOOD = `on { name = "cache goes with web", label = "web", kind = "exited", where = function(e) return e.signal end,
  run = function(e) note("web died of " .. e.signal) restart("cache") end }
test {
  name = "a death by a signal",
  events = {{label = "web", kind = "exited", signal = "SIGSEGV"}, {label = "web", kind = "exited", code = 0}},
  expect = {"note web died of SIGSEGV", "restart cache"},
}
`;
const CONFIG = `version: 1
units:
  web: {command: sleep 1000, restart: {policy: always, delay: 10ms}}
  cache: {command: sleep 1000}
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): void => {
  writeFileSync(path.join(folder, name), text);
};
const rules = async (...words: readonly string[]) =>
  archonctl('/nowhere/s', ['rules', ...words], { cwd: folder });

describe('rules check', () => {
  it('needs no supervisor, and says what is wrong with each file and line', async () => {
    write('good.lua', GOOD);
    expect(await rules('check', 'good.lua')).toEqual({
      code: 0,
      stdout: 'nothing is wrong: 1 rule in 1 file\n',
      stderr: '',
    });
    write('bad.lua', '\non { labels = "x", run = "true" }');
    write('worse.lua', 'while true do end');
    const { code, stdout, stderr } = await rules('check', '.');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [bad, worse, ...rest] = stderr.trimEnd().split('\n');
    expect(bad).toBe("bad.lua:2: on: on has no field 'labels'; did you mean label?");
    expect(worse).toMatch(/^worse\.lua:1: it (went over 1,000,000 instructions|took more than 200 ms)$/);
    expect(rest).toEqual([]);
    const json = JSON.parse((await rules('--json', 'check', '.')).stdout) as { faults: unknown[] };
    expect(json).toMatchObject({ rules: 1, files: 3 });
    expect(json.faults).toHaveLength(2);
  });

  it('says so where there is nothing to check, and refuses what is no action', async () => {
    expect(await rules('check', 'none.lua')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none.lua') as string,
    });
    expect((await rules('frob')).code).toBe(2);
  });
});

describe('rules test', () => {
  it('runs the cases of a file, and ends with 1 where one fails', async () => {
    write('good.lua', GOOD);
    expect(await rules('test', 'good.lua')).toEqual({
      code: 0,
      stdout: 'ok      good.lua:3 a death by a signal\n',
      stderr: '',
    });
    write('bad.lua', GOOD.replace('"restart cache"}', '"restart db"}'));
    expect(await rules('test', 'good.lua', 'bad.lua')).toMatchObject({
      code: 1,
      stdout: [
        'ok      good.lua:3 a death by a signal',
        'FAILED  bad.lua:3 a death by a signal',
        "          'restart db' was to be done, and 'restart cache' was (action 2)",
        '',
      ].join('\n'),
    });
  });
});

describe('rules, of a supervisor', () => {
  it('are listed, reloaded, and replayed on what was recorded: which says what was done', async () => {
    await using supervisor = await TestSupervisor.start({ config: CONFIG, rules: { 'good.lua': GOOD } });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    const [line = ''] = (await supervisor.ask('Status,web')).filter((one) => one.startsWith('Field,pid,'));
    process.kill(Number(line.split(',')[2]), 'SIGSEGV');
    await untilTold(client, ({ label, kind }) => label === 'cache' && kind === 'stopping');
    await untilTold(client, ({ label, kind }) => label === 'cache' && kind === 'running');

    const listed = await archonctl(supervisor.socket, ['rules']);
    expect(
      listed.stdout
        .split('\n')
        .slice(0, 2)
        .map((one) => one.trimEnd().split(/ {2,}/)),
    ).toEqual([
      ['FILE', 'RULE', 'FIRED', 'STATE'],
      ['good.lua', 'cache goes with web', '1', 'active'],
    ]);
    const json = JSON.parse(
      (await archonctl(supervisor.socket, ['--json', 'rules', 'reload'])).stdout,
    ) as unknown;
    expect(json).toEqual({
      rules: [{ file: 'good.lua', name: 'cache goes with web', fired: 1, error: '', state: 'active' }],
    });

    write('good.lua', GOOD);
    const replayed = await archonctl(supervisor.socket, ['--json', 'rules', 'replay', 'good.lua'], {
      cwd: folder,
    });
    const said = JSON.parse(replayed.stdout) as { actions: { action: string; sequence: number }[] };
    expect(said.actions.map(({ action }) => action)).toEqual(['note web died of SIGSEGV', 'restart cache']);
    const told = toldAmong(await supervisor.ask('Events'));
    const done = told.filter(({ details }) => details.get('cause') === String(said.actions[0]?.sequence));
    const kinds = done.map(({ label, kind }) => `${label} ${kind}`);
    expect(kinds.sort()).toEqual(['cache stopping', 'web note', 'web starting']);
    const plain = await archonctl(supervisor.socket, ['rules', 'replay', 'good.lua'], { cwd: folder });
    expect(plain.stdout).toMatch(/ good\.lua cache goes with web \(event \d+\): restart cache\n$/);
  });
});
