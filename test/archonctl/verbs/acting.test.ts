import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { against } from '../against.ts';
import { byVerb, type Script } from '../pretended.ts';

describe('start, stop and restart', () => {
  const done = byVerb({
    Start: ['Done,db,running', 'Done,web,running', 'Ok,2'],
    Stop: ['Done,web,stopped', 'Ok,1'],
    Restart: ['Ok,1'],
  });

  it('tell of each unit and end with 0', async () => {
    expect(await against(done, ['start', 'web', 'db'])).toEqual({
      code: 0,
      stdout: 'db is running\nweb is running\n',
      stderr: '',
      requests: [['Start', 'web', 'db']],
    });
  });

  it.each([
    [
      ['start', '--timeout', '30s', 'a'],
      ['Start', 'a', '@timeout=30000ms'],
    ],
    [
      ['--timeout', '2s', 'start', 'a'],
      ['Start', 'a', '@timeout=2000ms'],
    ],
    [
      ['stop', 'a*', '--force', '--disable'],
      ['Stop', 'a*', '@force=1', '@disable=1'],
    ],
    [
      ['restart', '--no-wait', 'a'],
      ['Restart', 'a', '@wait=0'],
    ],
  ])('%j asks %j', async (words, request) => {
    expect((await against(done, words)).requests).toEqual([request]);
  });

  it('name what failed, once, and end with 1', async () => {
    const one = byVerb({
      Start: [
        'Failed,web,"cannot run x: ENOENT",exec-failed',
        'Error,"cannot run x: ENOENT",exec-failed,exec,ENOENT',
      ],
    });
    expect(await against(one, ['start', 'web'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'archonctl: web: cannot run x: ENOENT\n',
    });
    const two = byVerb({
      Start: [
        'Done,db,running',
        'Failed,a,no,failed',
        'Failed,b,no,failed',
        'Error,2 of 3 units failed,failed',
      ],
    });
    expect(await against(two, ['start', '*'])).toMatchObject({
      code: 1,
      stdout: 'db is running\n',
      stderr: 'archonctl: a: no\narchonctl: b: no\narchonctl: 2 of 3 units failed\n',
    });
  });

  it('pass on a refusal, and end with 4 where there is no such unit', async () => {
    const refused = byVerb({ Stop: ['Error,web and api need db: use --force,conflict'] });
    expect(await against(refused, ['stop', 'db'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: web and api need db: use --force\n',
    });
    const none = byVerb({ Restart: ['Error,there is no unit x,not-found'] });
    expect(await against(none, ['restart', 'x'])).toMatchObject({
      code: 4,
      stderr: 'archonctl: there is no unit x\n',
    });
  });

  it('say that a glob matched nothing, which is no error', async () => {
    expect(await against(byVerb({ Stop: ['Ok,0'] }), ['stop', 'x*'])).toMatchObject({
      code: 0,
      stderr: 'archonctl: no unit matches\n',
    });
  });

  it('print one JSON object', async () => {
    const mixed = byVerb({ Start: ['Done,db,running', 'Failed,a,no,failed', 'Error,no,failed'] });
    const { code, stdout, stderr } = await against(mixed, ['start', '--json', 'db', 'a']);
    expect({ code, stderr, printed: JSON.parse(stdout) as unknown }).toEqual({
      code: 1,
      stderr: '',
      printed: {
        units: [
          { label: 'db', state: 'running' },
          { label: 'a', error: { reason: 'no', code: 'failed' } },
        ],
      },
    });
  });
});

describe('enable and disable', () => {
  const script = byVerb({ Enable: ['Ok,2'], Disable: ['Ok,1,web,api'] });

  it('say how many they have reached, and name what starts them all the same', async () => {
    expect(await against(script, ['enable', 'a', 'b*'])).toMatchObject({
      code: 0,
      requests: [['Enable', 'a', 'b*']],
      stdout: 'enabled 2 units\n',
      stderr: '',
    });
    expect(await against(script, ['disable', 'db'])).toMatchObject({
      code: 0,
      stdout: 'disabled 1 unit\n',
      stderr: 'archonctl: web and api will start what was disabled all the same\n',
    });
    expect((await against(script, ['disable', '--json', 'db'])).stdout).toBe(
      '{"count":1,"startedBy":["web","api"]}\n',
    );
    const nothing = byVerb({ Enable: ['Ok,0'] });
    expect((await against(nothing, ['enable', 'x*'])).stderr).toBe('archonctl: no unit matches\n');
  });
});

describe('kill and forget', () => {
  const script = byVerb({ Signal: ['Ok,2'], Forget: ['Ok,1'] });

  it.each([
    [['kill', 'web'], ['Signal', 'SIGTERM', 'web'], 'SIGTERM sent to 2 units\n'],
    [['kill', '-s', 'hup', 'a', 'b*'], ['Signal', 'SIGHUP', 'a', 'b*'], 'SIGHUP sent to 2 units\n'],
    [
      ['kill', '-9', 'web', '--scope', 'tree'],
      ['Signal', 'SIGKILL', 'web', '@scope=tree'],
      'SIGKILL sent to 2 units\n',
    ],
    [['forget', 'a', 'b*'], ['Forget', 'a', 'b*'], 'forgot 1 unit\n'],
  ])('%j asks %j', async (words, request, stdout) => {
    expect(await against(script, words)).toMatchObject({ code: 0, requests: [request], stdout, stderr: '' });
  });

  it('print the number as JSON, and say where it is none', async () => {
    expect((await against(script, ['kill', '--json', 'web'])).stdout).toBe('{"count":2}\n');
    const nothing = byVerb({ Forget: ['Ok,0'] });
    expect(await against(nothing, ['forget', 'x*'])).toMatchObject({
      code: 0,
      stderr: 'archonctl: no unit matches\n',
    });
  });

  it.each([
    [['kill', '-9'], 'name a label after the signal; see archonctl kill --help'],
    [['kill', '-99', 'web'], "'99' is not a signal: write a name such as SIGTERM, or a number from 1 to 64"],
    [
      ['kill', '--scope', 'all', 'web'],
      "option '--scope <SCOPE>': 'all' is not main, group or tree; see archonctl kill --help",
    ],
  ])('%j is wrong use', async (words, sentence) => {
    expect(await against(script, words)).toMatchObject({
      code: 2,
      requests: [],
      stderr: `archonctl: ${sentence}\n`,
    });
  });
});

describe('wait', () => {
  const script: Script = ([, label]) =>
    ({
      good: ['ExitStatus,0'],
      killed: ['ExitStatus,137'],
      up: ['Error,up is still running,timed-out'],
      lost: ['Error,how x ended cannot be known,unknown'],
      state: ['Ok'],
    })[label ?? ''] ?? ['Error,there is no unit nosuch,not-found'];

  it('prints the exit codes in the order of the labels', async () => {
    expect(await against(script, ['wait', 'killed', 'good'])).toEqual({
      code: 0,
      stdout: '137\n0\n',
      stderr: '',
      requests: [
        ['Wait', 'killed'],
        ['Wait', 'good'],
      ],
    });
    expect(JSON.parse((await against(script, ['wait', '--json', 'killed', 'state'])).stdout)).toEqual({
      units: [
        { label: 'killed', exitCode: 137 },
        { label: 'state', exitCode: null },
      ],
    });
  });

  it('waits for a state, and prints nothing', async () => {
    const { code, stdout, requests } = await against(script, [
      'wait',
      '--for',
      'running',
      '--timeout',
      '3s',
      'state',
    ]);
    expect({ code, stdout, requests }).toEqual({
      code: 0,
      stdout: '',
      requests: [['Wait', 'state', '@for=running', '@timeout=3000ms']],
    });
  });

  it.each([
    [['wait', 'good', 'up'], 3, 'up is still running'],
    [['wait', 'lost'], 1, 'how x ended cannot be known'],
    [['wait', 'nosuch'], 4, 'there is no unit nosuch'],
  ])('%j ends with %i', async (words, code, sentence) => {
    expect(await against(script, words)).toMatchObject({ code, stderr: `archonctl: ${sentence}\n` });
  });

  it('knows the states', async () => {
    expect((await against(script, ['wait', '--for', 'happy', 'good'])).code).toBe(2);
  });
});

describe('start-daemon and submit', () => {
  const script = byVerb({ StartDaemon: ['Ok,web,123'] });

  it.each([
    [
      ['start-daemon', '-l', 'web', '--restart', 'always', 'sh', '-c', 'sleep 1', 'A=1'],
      ['StartDaemon', "sh -c 'sleep 1'", 'A=1', '@cwd=/', '@label=web', '@restart=always'],
    ],
    [
      ['start-daemon', '--', 'env', 'A=1'],
      ['StartDaemon', 'env A=1', '@cwd=/', '@label='],
    ],
    [
      ['submit', '-l', 'web', '-e', 'A=1', '-p', './server', '--port', '80', 'B=2', '--', '-x'],
      ['StartDaemon', './server --port 80 B=2 -- -x', 'A=1', '@cwd=/', '@label=web'],
    ],
    [
      ['start-daemon', '--on-exit', 'logger gone', 'true'],
      ['StartDaemon', 'true', '@cwd=/', '@label=', '@on-exit=logger gone'],
    ],
  ])('%j asks %j', async (words, request) => {
    expect(await against(script, words, { cwd: '/' })).toEqual({
      code: 0,
      stdout: 'web 123\n',
      stderr: '',
      requests: [request],
    });
  });

  it('print label and pid as JSON', async () => {
    expect((await against(script, ['start-daemon', '--json', 'true'])).stdout).toBe(
      '{"label":"web","pid":123}\n',
    );
  });

  it('pass on why it did not start', async () => {
    const failing = byVerb({
      StartDaemon: ['Error,cannot run x: ENOENT (No such file or directory) at exec,exec-failed,exec,ENOENT'],
    });
    expect(await against(failing, ['start-daemon', 'x'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'archonctl: cannot run x: ENOENT (No such file or directory) at exec\n',
    });
  });

  it.each([
    [['start-daemon', '--restart', 'sometimes', 'x'], "'sometimes' is not always, on-failure or never"],
    [['start-daemon'], "missing required argument 'command'"],
    [['start-daemon', '-l', 'a b', 'x'], "'a b' cannot be a label"],
    [['submit', '-l', 'x', '-p'], "missing required argument 'program'"],
  ])('%j is wrong use', async (words, sentence) => {
    const { code, stderr, requests } = await against(script, words);
    expect({ code, requests }).toEqual({ code: 2, requests: [] });
    expect(stderr).toContain(sentence);
  });
});

describe('monitor', () => {
  const script = byVerb({ MonitorFD: ['Ok,sleeper,123'] });

  it('hands over a descriptor of the process and prints what became of it', async () => {
    const words = ['monitor', String(process.pid), '-l', 'me'];
    expect(await against(script, words)).toMatchObject({
      code: 0,
      stdout: 'sleeper 123\n',
      requests: [['MonitorFD', '@label=me']],
    });
  });

  it('prints the label alone of what has been reaped meanwhile', async () => {
    const reaped = byVerb({ MonitorFD: ['Ok,sleeper,'] });
    expect((await against(reaped, ['monitor', '1'])).stdout).toBe('sleeper\n');
    expect((await against(reaped, ['monitor', '--json', '1'])).stdout).toBe(
      '{"label":"sleeper","pid":null}\n',
    );
  });

  it('says where there is no such process', async () => {
    const child = spawn('/bin/true');
    await once(child, 'exit');
    expect(await against(script, ['monitor', String(child.pid)])).toMatchObject({
      code: 1,
      stderr: `archonctl: process ${child.pid ?? 0} cannot be watched: there is no such process\n`,
      requests: [],
    });
  });

  it.each(['0', '-1', 'web', '99999999999', '1.5'])('takes no %s for a pid', async (word) => {
    expect((await against(script, ['monitor', '--', word])).code).toBe(2);
  });
});
