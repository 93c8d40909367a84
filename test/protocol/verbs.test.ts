import { describe, expect, test } from 'vitest';
import type { Request } from '../../src/protocol/request.ts';
import { VERBS, findVerb, type Verb } from '../../src/protocol/verbs.ts';
import { failureOfLine, requestOf } from './requests.ts';

/** A request without what a comparison need not see: globs by their text. */
function plain(request: Request): unknown {
  const settings = 'settings' in request ? { settings: Object.fromEntries(request.settings) } : {};
  return { verb: request.verb, ...shown({ ...request.args, ...request.options }), ...settings };
}

function shown(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(target) : target(value),
    ]),
  );
}

function target(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return value;
  if (value.kind === 'label' && 'label' in value) return `label ${String(value.label)}`;
  return 'glob' in value && typeof value.glob === 'object' && value.glob !== null && 'text' in value.glob
    ? `glob ${String(value.glob.text)}`
    : value;
}

/** One request of each verb with all that it takes, and what it is read as. */
const FULL: Readonly<
  Record<Verb, readonly [text: string, descriptors: number, read: Readonly<Record<string, unknown>>]>
> = {
  Run: [
    'Run,ls -l,FOO=1,@label=a/b,@cwd=/tmp,@user=u,@group=0,@umask=022,@stop-signal=INT,@stop-timeout=5s,@clean-env=1,@stdin=x,@timeout=2m,@keep=1',
    0,
    {
      command: ['ls', '-l'],
      settings: { FOO: '1' },
      label: 'label a/b',
      cwd: '/tmp',
      user: 'u',
      group: '0',
      umask: 0o22,
      'stop-signal': 2,
      'stop-timeout': 5000,
      'clean-env': true,
      stdin: 'x',
      timeout: 120_000,
      keep: true,
    },
  ],
  StartDaemon: [
    "StartDaemon,sleep 1,@label=,@cwd=/,@user=1000,@group=g,@umask=0777,@stop-signal=9,@stop-timeout=0,@clean-env=0,@stdin=,@restart=on-failure,@on-exit=sh -c 'exit 1'",
    0,
    {
      command: ['sleep', '1'],
      settings: {},
      label: { kind: 'generated' },
      cwd: '/',
      user: '1000',
      group: 'g',
      umask: 0o777,
      'stop-signal': 9,
      'stop-timeout': 0,
      'clean-env': false,
      stdin: '',
      restart: 'on-failure',
      'on-exit': ['sh', '-c', 'exit 1'],
    },
  ],
  MonitorFD: ['MonitorFD,@label=x', 1, { label: 'label x' }],
  Version: ['Version', 0, {}],
  MonitorPid: ['MonitorPid,4194304,@label=x', 0, { pid: 4_194_304, label: 'label x' }],
  Start: [
    'Start,a,b*,@force=1,@wait=0,@timeout=1s',
    0,
    { targets: ['label a', 'glob b*'], force: true, wait: false, timeout: 1000 },
  ],
  Stop: [
    'Stop,a,@force=0,@wait=1,@timeout=1s,@disable=1',
    0,
    { targets: ['label a'], force: false, wait: true, timeout: 1000, disable: true },
  ],
  Restart: [
    'Restart,*,@force=1,@wait=0,@timeout=1d',
    0,
    { targets: ['glob *'], force: true, wait: false, timeout: 86_400_000 },
  ],
  StopDaemon: ['StopDaemon,a', 0, { label: 'a' }],
  Wait: ['Wait,a,@for=running,@timeout=250ms', 0, { label: 'a', for: 'running', timeout: 250 }],
  Signal: [
    'Signal,TERM,a,"{b,c}",@scope=tree',
    0,
    { signal: 15, targets: ['label a', 'glob {b,c}'], scope: 'tree' },
  ],
  Enable: ['Enable,a,b', 0, { targets: ['label a', 'label b'] }],
  Disable: ['Disable,a*', 0, { targets: ['glob a*'] }],
  Forget: ['Forget,?', 0, { targets: ['glob ?'] }],
  List: ['List,w*,@at=1700000000.5', 0, { target: 'glob w*', at: 1_700_000_000_500_000_000n }],
  Status: ['Status,a', 0, { label: 'a' }],
  Usage: ['Usage,w*', 0, { target: 'glob w*' }],
  History: ['History,a,@since=1700000000.5', 0, { label: 'a', since: 1_700_000_000_500_000_000n }],
  Tree: ['Tree,a', 0, { label: 'a' }],
  Dump: ['Dump,config', 0, { what: 'config' }],
  Plan: [
    'Plan,stop,a,b*,@under-way=1',
    0,
    { action: 'stop', targets: ['label a', 'glob b*'], 'under-way': true },
  ],
  Boot: ['Boot', 0, {}],
  Reload: ['Reload,@check=0,@confirm=2m', 0, { check: false, confirm: 120_000 }],
  Confirm: ['Confirm', 0, {}],
  Port: [
    'Port,http,@host=127.0.0.1,@port=8080,@protocol=udp',
    0,
    { name: 'http', host: '127.0.0.1', port: 8080, protocol: 'udp' },
  ],
  Ports: ['Ports', 0, {}],
  ReleasePort: ['ReleasePort,http', 0, { name: 'http' }],
  Link: ['Link,a,b,stop-with', 0, { from: 'a', to: 'b', kind: 'stop-with' }],
  Unlink: ['Unlink,a,b,notify', 0, { from: 'a', to: 'b', kind: 'notify' }],
  Links: ['Links', 0, {}],
  Subscribe: [
    'Subscribe,w*,@after=j-1:42,@snapshot=0',
    0,
    { target: 'glob w*', after: { journal: 'j-1', sequence: 42 }, snapshot: false },
  ],
  Events: [
    'Events,web,@after=42,@since=1,@until=2,@kind=exited,@last=10',
    0,
    {
      target: 'label web',
      after: { journal: undefined, sequence: 42 },
      since: 1_000_000_000n,
      until: 2_000_000_000n,
      kind: 'exited',
      last: 10,
    },
  ],
  Why: ['Why,a', 0, { label: 'a' }],
  Log: [
    'Log,a,@lines=10,@since=1,@follow=1,@fd=0,@reopen=0',
    0,
    { label: 'a', lines: 10, since: 1_000_000_000n, follow: true, fd: false, reopen: false },
  ],
  Rules: ['Rules', 0, {}],
  ReloadRules: ['ReloadRules', 0, {}],
  Upgrade: ['Upgrade', 0, {}],
  Shutdown: ['Shutdown,@timeout=1m', 0, { timeout: 60_000 }],
  Reboot: ['Reboot,@timeout=1m', 0, { timeout: 60_000 }],
  PowerOff: ['PowerOff,@timeout=1m', 0, { timeout: 60_000 }],
  Halt: ['Halt,@timeout=1m', 0, { timeout: 60_000 }],
  Cancel: ['Cancel,#7', 0, { tag: '#7' }],
};

const verbs = Object.keys(VERBS) as Verb[];

describe.each(verbs)('%s', (verb) => {
  const [text, descriptors, read] = FULL[verb];
  const { args, options, settings } = VERBS[verb];

  test('is read with all that it takes', () => {
    expect(plain(requestOf(text, descriptors))).toEqual({ verb, ...read });
  });

  test('is tested with every option that it has', () => {
    for (const option of Object.keys(options)) expect(text).toContain(`@${option}=`);
  });

  test('has no options that were not given', () => {
    const bare = text.split(',@')[0] ?? '';
    expect(requestOf(bare, descriptors).options).toEqual({});
  });

  test('refuses an option that it does not have, naming those that it has', () => {
    const { code, message } = failureOfLine(`${text},@nosuch-option=1`, descriptors);
    expect(code).toBe('bad-argument');
    for (const option of Object.keys(options)) expect(message).toContain(`@${option}`);
    if (Object.keys(options).length === 0) expect(message).toBe(`${verb} takes no options: '@nosuch-option'`);
  });

  test('refuses to do without an argument that must be there', () => {
    const mustHave = Object.values(args).some(({ occurs }) => occurs !== 'optional');
    if (!mustHave) return;
    expect(failureOfLine(verb, descriptors)).toMatchObject({ code: 'bad-argument' });
    expect(failureOfLine(verb, descriptors).message).toMatch(new RegExp(`^write ${verb},`));
  });

  test('refuses what is too much', () => {
    const isOpen = Object.values(args).some(({ occurs }) => occurs === 'many');
    if (isOpen || settings) return;
    const { code, message } = failureOfLine(`${text},surplus`, descriptors);
    expect(code).toBe('bad-argument');
    expect(message).toMatch(/^'surplus' is one argument too many: /);
  });

  test('is found by its name in any case', () => {
    expect(findVerb(verb.toLowerCase())).toBe(verb);
    expect(findVerb(verb.toUpperCase())).toBe(verb);
  });
});

test('options that the page names for later are unsupported, not unknown', () => {
  for (const verb of ['Start', 'Stop', 'Restart']) {
    for (const option of ['variant', 'param.data']) {
      expect(failureOfLine(`${verb},web,@${option}=x`)).toEqual({
        code: 'unsupported',
        message: `${verb} does not know the option @${option} yet`,
      });
    }
    expect(failureOfLine(`${verb},web,@param=x`).code).toBe('bad-argument');
  }
});

test('no verb is another in a different case', () => {
  expect(new Set(verbs.map((verb) => verb.toLowerCase())).size).toBe(verbs.length);
});
