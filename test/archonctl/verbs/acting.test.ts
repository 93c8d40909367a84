import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { byVerb, HANG_UP, Pretended, type Script } from '../pretended.ts';
import { archonctl, type ClientOptions } from '../client.ts';

const VERSION = ['Ok,archon,0.1.0,1'];

/** Calls the client once against a server with that script, which greets. */
async function call(script: Script, words: readonly string[], options?: ClientOptions) {
  await using server = await Pretended.start((fields) =>
    fields[0] === 'Version' ? VERSION : script(fields),
  );
  const ended = await archonctl(server.socket, words, options);
  return { ...ended, requests: server.requests.filter(([verb]) => verb !== 'Version') };
}

describe('start, stop and restart', () => {
  const done = byVerb({
    Start: ['Done,db,running', 'Done,web,running', 'Ok,2'],
    Stop: ['Done,web,stopped', 'Ok,1'],
    Restart: ['Ok,1'],
  });

  it('tell of each unit and end with 0', async () => {
    expect(await call(done, ['start', 'web', 'db'])).toEqual({
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
    expect((await call(done, words)).requests).toEqual([request]);
  });

  it('name what failed, once, and end with 1', async () => {
    const one = byVerb({
      Start: [
        'Failed,web,"cannot run x: ENOENT",exec-failed',
        'Error,"cannot run x: ENOENT",exec-failed,exec,ENOENT',
      ],
    });
    expect(await call(one, ['start', 'web'])).toMatchObject({
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
    expect(await call(two, ['start', '*'])).toMatchObject({
      code: 1,
      stdout: 'db is running\n',
      stderr: 'archonctl: a: no\narchonctl: b: no\narchonctl: 2 of 3 units failed\n',
    });
  });

  it('pass on a refusal, and end with 4 where there is no such unit', async () => {
    const refused = byVerb({ Stop: ['Error,web and api need db: use --force,conflict'] });
    expect(await call(refused, ['stop', 'db'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: web and api need db: use --force\n',
    });
    const none = byVerb({ Restart: ['Error,there is no unit x,not-found'] });
    expect(await call(none, ['restart', 'x'])).toMatchObject({
      code: 4,
      stderr: 'archonctl: there is no unit x\n',
    });
  });

  it('say that a glob matched nothing, which is no error', async () => {
    expect(await call(byVerb({ Stop: ['Ok,0'] }), ['stop', 'x*'])).toMatchObject({
      code: 0,
      stderr: 'archonctl: no unit matches\n',
    });
  });

  it('print one JSON object', async () => {
    const mixed = byVerb({ Start: ['Done,db,running', 'Failed,a,no,failed', 'Error,no,failed'] });
    const { code, stdout, stderr } = await call(mixed, ['start', '--json', 'db', 'a']);
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
    expect(await call(script, words)).toMatchObject({ code: 0, requests: [request], stdout, stderr: '' });
  });

  it('print the number as JSON, and say where it is none', async () => {
    expect((await call(script, ['kill', '--json', 'web'])).stdout).toBe('{"count":2}\n');
    const nothing = byVerb({ Forget: ['Ok,0'] });
    expect(await call(nothing, ['forget', 'x*'])).toMatchObject({
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
    expect(await call(script, words)).toMatchObject({
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
    expect(await call(script, ['wait', 'killed', 'good'])).toEqual({
      code: 0,
      stdout: '137\n0\n',
      stderr: '',
      requests: [
        ['Wait', 'killed'],
        ['Wait', 'good'],
      ],
    });
    expect(JSON.parse((await call(script, ['wait', '--json', 'killed', 'state'])).stdout)).toEqual({
      units: [
        { label: 'killed', exitCode: 137 },
        { label: 'state', exitCode: null },
      ],
    });
  });

  it('waits for a state, and prints nothing', async () => {
    const { code, stdout, requests } = await call(script, [
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
    expect(await call(script, words)).toMatchObject({ code, stderr: `archonctl: ${sentence}\n` });
  });

  it('knows the states', async () => {
    expect((await call(script, ['wait', '--for', 'happy', 'good'])).code).toBe(2);
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
    expect(await call(script, words, { cwd: '/' })).toEqual({
      code: 0,
      stdout: 'web 123\n',
      stderr: '',
      requests: [request],
    });
  });

  it('print label and pid as JSON', async () => {
    expect((await call(script, ['start-daemon', '--json', 'true'])).stdout).toBe(
      '{"label":"web","pid":123}\n',
    );
  });

  it('pass on why it did not start', async () => {
    const failing = byVerb({
      StartDaemon: ['Error,cannot run x: ENOENT (No such file or directory) at exec,exec-failed,exec,ENOENT'],
    });
    expect(await call(failing, ['start-daemon', 'x'])).toMatchObject({
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
    const { code, stderr, requests } = await call(script, words);
    expect({ code, requests }).toEqual({ code: 2, requests: [] });
    expect(stderr).toContain(sentence);
  });
});

describe('monitor', () => {
  const script = byVerb({ MonitorFD: ['Ok,sleeper,123'] });

  it('hands over a descriptor of the process and prints what became of it', async () => {
    const words = ['monitor', String(process.pid), '-l', 'me'];
    expect(await call(script, words)).toMatchObject({
      code: 0,
      stdout: 'sleeper 123\n',
      requests: [['MonitorFD', '@label=me']],
    });
  });

  it('prints the label alone of what has been reaped meanwhile', async () => {
    const reaped = byVerb({ MonitorFD: ['Ok,sleeper,'] });
    expect((await call(reaped, ['monitor', '1'])).stdout).toBe('sleeper\n');
    expect((await call(reaped, ['monitor', '--json', '1'])).stdout).toBe('{"label":"sleeper","pid":null}\n');
  });

  it('says where there is no such process', async () => {
    const child = spawn('/bin/true');
    await once(child, 'exit');
    expect(await call(script, ['monitor', String(child.pid)])).toMatchObject({
      code: 1,
      stderr: `archonctl: process ${child.pid ?? 0} cannot be watched: there is no such process\n`,
      requests: [],
    });
  });

  it.each(['0', '-1', 'web', '99999999999', '1.5'])('takes no %s for a pid', async (word) => {
    expect((await call(script, ['monitor', '--', word])).code).toBe(2);
  });
});

describe('shutdown', () => {
  const up = ['Unit,a,running,1,1,0,,,', 'Unit,b,backoff,,1,0,,,', 'Unit,c,failed,,1,0,,,', 'Ok,3'];

  it('tells what goes down as it goes', async () => {
    const script = byVerb({ List: up, Shutdown: ['Done,b,stopped', 'Done,a,stopped', 'Ok'] });
    expect(await call(script, ['shutdown', '--timeout', '5s'])).toEqual({
      code: 0,
      stdout: 'b is stopped\na is stopped\n',
      stderr: '',
      requests: [['List'], ['Shutdown', '@timeout=5s']],
    });
    expect(JSON.parse((await call(script, ['shutdown', '--json'])).stdout)).toEqual({
      units: [
        { label: 'b', state: 'stopped' },
        { label: 'a', state: 'stopped' },
      ],
    });
  });

  it('is not shortened by the global time limit, which only ends the waiting', async () => {
    const script: Script = ([verb]) => (verb === 'List' ? up : undefined);
    expect(await call(script, ['--timeout', '300ms', 'shutdown'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: there was no answer within 300ms\n',
      requests: [['List'], ['Shutdown']],
    });
  });

  it('passes on a refusal', async () => {
    const script = byVerb({ List: up, Shutdown: ['Error,Shutdown is for root,denied'] });
    expect(await call(script, ['shutdown'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: Shutdown is for root\n',
    });
  });
});

describe('send', () => {
  const send = async (answer: readonly string[] | undefined, record: string, ...options: string[]) =>
    call(() => answer, [...options, 'send', record]);

  it.each([
    [['Ok,archon,0.1.0,1'], 0],
    [['Unit,a,running,1,1,0,,,', 'Ok,1'], 0],
    [['ExitStatus,7'], 7],
    [['Error,no,busy'], 1],
    [['Error,no,not-found'], 4],
  ])('prints %j as it came and ends with %i', async (answer, code) => {
    const ended = await send(answer, 'List,x');
    expect(ended).toEqual({
      code,
      stdout: answer.map((line) => `${line}\n`).join(''),
      stderr: '',
      requests: [['List', 'x']],
    });
  });

  it('sends the record as it stands, with its tag and its bytes', async () => {
    await using server = await Pretended.start(() => ['ExitStatus,0']);
    const { code, stdout } = await archonctl(server.socket, ['send', '#a.1,Run,"echo ""x, y""",A=\\xff']);
    expect({ code, stdout, requests: server.requests }).toEqual({
      code: 0,
      stdout: '#a.1,ExitStatus,0\n',
      requests: [['Run', 'echo "x, y"', 'A=\xff']],
    });
  });

  it('follows a stream to its end', async () => {
    const answer = ['Event,1,1,a,exited,code=0', 'Ok,j:1', 'Event,2,2,a,starting', 'End,shutting-down'];
    expect(await send(answer, 'Subscribe')).toMatchObject({ code: 0, stdout: `${answer.join('\n')}\n` });
    expect(await send(answer, 'Events')).toMatchObject({
      code: 0,
      stdout: 'Event,1,1,a,exited,code=0\nOk,j:1\n',
    });
  });

  it('ends with what a stream had come to when its connection ends', async () => {
    expect(await send(['Ok,j:1', HANG_UP], 'Subscribe')).toMatchObject({
      code: 0,
      stdout: 'Ok,j:1\n',
      stderr: '',
    });
  });

  it('says so where no answer comes', async () => {
    expect(await send(undefined, 'List', '--timeout', '200ms')).toMatchObject({
      code: 1,
      stderr: 'archonctl: there was no answer within 200ms\n',
    });
    const gone = await call(() => [HANG_UP], ['send', 'List']);
    expect(gone).toMatchObject({
      code: 1,
      stderr: 'archonctl: the supervisor went away before its answer was complete\n',
    });
  });

  it('sends one record only', async () => {
    expect(await send(['Ok'], 'List\nShutdown')).toMatchObject({ code: 2, requests: [] });
  });
});
