import { describe, expect, it } from 'vitest';
import { against } from '../against.ts';
import { byVerb, Pretended, type Script } from '../pretended.ts';
import { shell } from '../client.ts';

const UNITS = [
  'Unit,db,backoff,,1000.5,3,,,signal:SIGKILL',
  'Unit,web,running,123,1000,0,12.5,1572864,',
  'Ok,2',
];

describe('list', () => {
  const script = byVerb({ List: UNITS });

  it('prints a table for people, without colour into a pipe', async () => {
    const { code, stdout, stderr, requests } = await against(script, ['list']);
    expect({ code, stderr, requests }).toEqual({ code: 0, stderr: '', requests: [['List']] });
    const lines = stdout.split('\n').map((line) => line.replace(/\d+d( \d+h)? ago/, 'AGE'));
    expect(lines).toEqual([
      expect.stringMatching(/^LABEL {2}STATE {4}PID {2}SINCE +RESTARTS {4}CPU {2}MEMORY {2}LAST EXIT$/),
      expect.stringMatching(/^db {5}backoff {7}AGE {9}3 +SIGKILL$/),
      expect.stringMatching(/^web {4}running {2}123 {2}AGE +12.5% {4}1.5M$/),
      '',
    ]);
  });

  it('prints one JSON object', async () => {
    const { stdout } = await against(script, ['ls', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      units: [
        {
          label: 'db',
          state: 'backoff',
          pid: null,
          since: 1000.5,
          restarts: 3,
          cpuPercent: null,
          memoryBytes: null,
          lastExit: 'signal:SIGKILL',
        },
        {
          label: 'web',
          state: 'running',
          pid: 123,
          since: 1000,
          restarts: 0,
          cpuPercent: 12.5,
          memoryBytes: 1_572_864,
          lastExit: null,
        },
      ],
    });
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('prints CSV with a header, by a flag before the verb or from the environment', async () => {
    const csv =
      'label,state,pid,since,restarts,cpu,memory,last_exit\n' +
      'db,backoff,,1000.5,3,,,signal:SIGKILL\nweb,running,123,1000,0,12.5,1572864,\n';
    expect((await against(script, ['--csv', 'list'])).stdout).toBe(csv);
    expect((await against(script, ['list'], { env: { ARCHON_CSV: '1' } })).stdout).toBe(csv);
  });

  it('hands on glob and time', async () => {
    const { requests } = await against(byVerb({ List: ['Ok,0'] }), ['list', 'web*', '--at', '1700000000']);
    expect(requests).toEqual([['List', 'web*', '@at=1700000000']]);
  });

  it('says that there is nothing, which is no error', async () => {
    const nothing = byVerb({ List: ['Ok,0'] });
    expect(await against(nothing, ['list'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'archonctl: there is no unit\n',
    });
    expect(await against(nothing, ['list', 'x*'])).toMatchObject({
      code: 0,
      stderr: 'archonctl: no unit matches\n',
    });
    expect(await against(nothing, ['list', '--json'])).toMatchObject({
      stdout: '{"units":[]}\n',
      stderr: '',
    });
  });

  it('takes thousands of units in whatever pieces they come', async () => {
    const many = Array.from(
      { length: 5000 },
      (_, index) => `Unit,unit-${index},running,${index + 1},1000,0,,,`,
    );
    const { stdout } = await against(byVerb({ List: [...many, 'Ok,5000'] }), ['list', '--csv']);
    expect(stdout.split('\n')).toHaveLength(5002);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const many = Array.from(
      { length: 20_000 },
      (_, index) => `Unit,unit-${index},running,${index + 1},1000,0,,,`,
    );
    await using server = await Pretended.start(byVerb({ List: [...many, 'Ok,20000'] }));
    const ended = await shell(server.socket, 'archonctl list --csv | head -n 1; echo ${PIPESTATUS[*]}');
    expect(ended).toEqual({
      code: 0,
      stdout: 'label,state,pid,since,restarts,cpu,memory,last_exit\n141 0\n',
      stderr: '',
    });
  });

  it('says so where its output cannot be written', async () => {
    await using server = await Pretended.start(script);
    expect(await shell(server.socket, 'archonctl list > /dev/full')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'archonctl: cannot write to standard output: ENOSPC (No space left on device)\n',
    });
  });
});

describe('status', () => {
  const fields = [
    'Field,state,running',
    'Field,pid,123',
    'Field,since,1000.25',
    'Field,ports,http,metrics',
    'Ok',
  ];
  const script: Script = ([verb, label]) => {
    if (verb === 'Log') return ['Line,,one', 'Line,,two \\x1b[1m', 'Ok,2'];
    if (label === 'web') return fields;
    if (label === 'done') return ['Field,state,finished', 'Ok'];
    if (label === 'down') return ['Field,state,failed', 'Ok'];
    return [`Error,there is no unit ${label ?? ''},not-found`];
  };

  it('tells all facts of a unit and the last lines of its log', async () => {
    const { code, stdout, requests } = await against(script, ['status', 'web'], { env: { TZ: 'UTC' } });
    expect(code).toBe(0);
    expect(requests).toEqual([
      ['Status', 'web'],
      ['Log', 'web', '@lines=10'],
    ]);
    expect(stdout.replace(/\(.* ago\)/, '(AGE)')).toBe(
      'web\n  state  running\n  pid    123\n  since  1970-01-01 00:16:40.250 (AGE)\n  ports  http, metrics\n\n' +
        '  | one\n  | two \\x1b[1m\n',
    );
  });

  it('does without a log that cannot be had', async () => {
    const without: Script = (fields) => (fields[0] === 'Log' ? ['Error,it is off,failed'] : script(fields));
    const { code, stdout, stderr } = await against(without, ['status', 'done']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n  state  finished\n', stderr: '' });
  });

  it('prints JSON and CSV of several', async () => {
    const { stdout, requests } = await against(script, ['status', 'web', 'down', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      units: [
        { state: 'running', pid: 123, since: 1000.25, ports: ['http', 'metrics'] },
        { state: 'failed' },
      ],
    });
    expect(requests.map(([verb]) => verb)).toEqual(['Status', 'Status']);
    expect((await against(script, ['status', 'done', '--csv'])).stdout).toBe(
      'label,name,value\ndone,state,finished\n',
    );
  });

  it('ends with 3 where one is not as it should be, with 4 where there is none', async () => {
    expect((await against(script, ['status', 'web', 'down'])).code).toBe(3);
    const none = await against(script, ['status', 'down', 'nosuch']);
    expect(none).toMatchObject({ code: 4, stderr: 'archonctl: there is no unit nosuch\n' });
    expect(none.stdout).toContain('down\n  state  failed\n');
  });
});

describe('is-running', () => {
  const script: Script = ([, label = '']) =>
    label === 'nosuch' ? ['Error,there is no unit nosuch,not-found'] : [`Field,state,${label}`, 'Ok'];

  it('is silent where all are running', async () => {
    expect(await against(script, ['is-running', 'running'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('ends with 3 and names each that is not, even if it is only starting', async () => {
    expect(await against(script, ['is-running', 'running', 'starting', 'stopped'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: 'archonctl: starting is starting\narchonctl: stopped is stopped\n',
    });
  });

  it('ends with 4 where there is no such unit', async () => {
    expect(await against(script, ['is-running', 'stopped', 'nosuch'])).toMatchObject({
      code: 4,
      stderr: 'archonctl: there is no unit nosuch\n',
    });
  });

  it('prints the states as JSON', async () => {
    const { code, stdout } = await against(script, ['is-running', '--json', 'stopped', 'nosuch']);
    expect({ code, units: JSON.parse(stdout) as unknown }).toEqual({
      code: 4,
      units: {
        units: [
          { label: 'stopped', state: 'stopped' },
          { label: 'nosuch', state: null },
        ],
      },
    });
  });
});

describe('tree', () => {
  const script = byVerb({
    Tree: ['Process,0,10,1,web,S,nginx', 'Process,1,11,10,web,R,"worker, \\x1b 1"', 'Ok,2'],
  });

  it('shows processes below each other, in the characters of the locale', async () => {
    expect((await against(script, ['tree', 'web'], { env: { LANG: 'C' } })).stdout).toBe(
      'web\n`- 10 S nginx\n   `- 11 R worker, \\x1b 1\n',
    );
    const utf8 = await against(script, ['tree'], { env: { LC_ALL: 'C.UTF-8' } });
    expect(Buffer.from(utf8.stdout, 'latin1').toString()).toBe(
      'web\n└─ 10 S nginx\n   └─ 11 R worker, \\x1b 1\n',
    );
    expect(utf8.requests).toEqual([['Tree']]);
  });

  it('prints JSON and CSV', async () => {
    expect(JSON.parse((await against(script, ['tree', '--json'])).stdout)).toEqual({
      processes: [
        { depth: 0, pid: 10, ppid: 1, label: 'web', state: 'S', command: 'nginx' },
        { depth: 1, pid: 11, ppid: 10, label: 'web', state: 'R', command: 'worker, \x1b 1' },
      ],
    });
    expect((await against(script, ['tree', '--csv'])).stdout).toBe(
      'depth,pid,ppid,label,state,command\n0,10,1,web,S,nginx\n1,11,10,web,R,"worker, \x1b 1"\n',
    );
  });
});

describe('logs', () => {
  const script: Script = ([, label]) =>
    label === 'web'
      ? ['Line,1000.5,first', 'Line,,with \\xff byte', 'Line,1002,third', 'Ok,3']
      : label === 'db'
        ? ['Line,1001,between', 'Ok,1']
        : ['Error,there is no unit nosuch,not-found'];

  it('prints the lines of one unit byte by byte', async () => {
    const { code, stdout, requests } = await against(script, ['logs', '-n', '20', 'web']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'first\nwith \xff byte\nthird\n' });
    expect(requests).toEqual([['Log', 'web', '@lines=20']]);
  });

  it('tells those of several apart and puts them in order', async () => {
    expect((await against(script, ['logs', 'web', 'db'])).stdout).toBe(
      'web | first\nweb | with \xff byte\ndb  | between\nweb | third\n',
    );
  });

  it('shows times where they are known', async () => {
    expect((await against(script, ['logs', '-t', 'web'], { env: { TZ: 'UTC' } })).stdout).toBe(
      '1970-01-01 00:16:40.500 first\nwith \xff byte\n1970-01-01 00:16:42.000 third\n',
    );
  });

  it('prints JSON', async () => {
    expect(JSON.parse((await against(script, ['logs', '--json', 'db'])).stdout)).toEqual({
      lines: [{ label: 'db', time: 1001, text: 'between' }],
    });
  });

  it('prints what there is where one label is wrong, and ends with 4', async () => {
    expect(await against(script, ['logs', 'db', 'nosuch'])).toMatchObject({
      code: 4,
      stdout: 'db     | between\n',
      stderr: 'archonctl: there is no unit nosuch\n',
    });
    expect((await against(script, ['logs', '-n', 'few', 'db'])).code).toBe(2);
  });
});

describe('events', () => {
  const script = byVerb({
    Events: [
      'Event,7,1000.000000001,web,starting,pid=123,generation=4',
      'Event,8,1001,web,exited,code=3,"reason=a, b"',
      'Ok,2',
    ],
  });

  it('prints a table, in words', async () => {
    const inWords = byVerb({
      Events: [
        'Event,7,1000.000000001,web,starting,pid=123,generation=4,by=0:9,request=Start',
        'Event,8,1001,web,exited,code=3,cause=7,by=0:9,request=Start',
        'Ok,2',
      ],
    });
    const { stdout, requests } = await against(
      inWords,
      ['events', '--last', '2', 'web*', '--kind', 'exited'],
      {
        env: { TZ: 'UTC' },
      },
    );
    expect(requests).toEqual([['Events', 'web*', '@last=2', '@kind=exited']]);
    expect(stdout).toBe(
      'EVENT  TIME                     UNIT  KIND      WHAT                      BECAUSE OF\n' +
        '    7  1970-01-01 00:16:40.000  web   starting  was started, process 123  Start by process 9 of user 0\n' +
        '    8  1970-01-01 00:16:41.000  web   exited    ended with code 3         event 7\n',
    );
  });

  it('prints JSON and CSV', async () => {
    expect(JSON.parse((await against(script, ['events', '--json'])).stdout)).toEqual({
      events: [
        {
          sequence: 7,
          time: 1000.000000001,
          label: 'web',
          kind: 'starting',
          details: { pid: '123', generation: '4' },
        },
        { sequence: 8, time: 1001, label: 'web', kind: 'exited', details: { code: '3', reason: 'a, b' } },
      ],
    });
    expect((await against(script, ['events', '--csv'])).stdout).toBe(
      'sequence,time,label,kind,details\n7,1000.000000001,web,starting,pid=123 generation=4\n' +
        '8,1001,web,exited,"code=3 reason=a, b"\n',
    );
  });
});

describe('why', () => {
  const CHAIN = [
    'Cause,0,12,1000.3,web,stopped,reason=requested,cause=11,by=0:7,request=Stop',
    'Cause,1,11,1000.2,web,exited,pid=5,generation=1,code=0,cause=10,by=0:7,request=Stop',
    'Cause,2,10,1000.1,web,stopping,pid=5,generation=1,reason=requested,by=0:7,request=Stop',
    'Ok,3',
  ];
  const STATUS = ['Field,state,stopped', 'Ok'];

  it('prints a sentence, and what led to it as a table', async () => {
    const { code, stdout } = await against(byVerb({ Why: CHAIN, Status: STATUS }), ['why', 'web'], {
      env: { TZ: 'UTC' },
    });
    expect(code).toBe(0);
    expect(stdout).toBe(
      'web was stopped because that was asked for (Stop by process 7 of user 0) at 1970-01-01 00:16:40, 200ms before.\n\n' +
        'TIME                     EVENT  UNIT  WHAT\n' +
        '1970-01-01 00:16:40.300     12  web   was down\n' +
        '1970-01-01 00:16:40.200     11  web   ended with code 0\n' +
        '1970-01-01 00:16:40.100     10  web   was told to stop (Stop by process 7 of user 0)\n',
    );
  });

  it('says where what came before is not kept any more', async () => {
    const script = byVerb({ Why: [...CHAIN.slice(0, 2), 'Ok,2'], Status: STATUS });
    const { stdout } = await against(script, ['why', 'web']);
    expect(stdout).toContain('What came before, event 10, is not kept any more.\n');
    const json: unknown = JSON.parse((await against(script, ['why', 'web', '--json'])).stdout);
    expect(json).toMatchObject({
      label: 'web',
      state: 'stopped',
      lost: 10,
      chain: [{ depth: 0 }, { depth: 1 }],
    });
  });

  it('ends as the supervisor answers', async () => {
    const script = byVerb({ Why: ['Error,there is no unit web,not-found'], Status: STATUS });
    expect(await against(script, ['why', 'web'])).toMatchObject({ code: 4, stdout: '' });
  });
});
