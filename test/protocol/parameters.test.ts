import { describe, expect, test } from 'vitest';
import { failureOfLine, requestWith } from './requests.ts';

describe('settings', () => {
  const settingsOf = (text: string): [string, string][] => [
    ...requestWith('Run', `Run,env,${text}`).settings,
  ];

  test('are split at the first =', () => {
    expect(settingsOf('A=x=y,B=,_c9==')).toEqual([
      ['A', 'x=y'],
      ['B', ''],
      ['_c9', '='],
    ]);
  });

  test('have any bytes for a value', () => {
    expect(settingsOf('A=\\xff\\n,"B=a,b"')).toEqual([
      ['A', '\xff\n'],
      ['B', 'a,b'],
    ]);
  });

  test('given twice have their last value', () => {
    expect(settingsOf('A=1,B=2,A=3')).toEqual([
      ['A', '3'],
      ['B', '2'],
    ]);
  });

  test('stand in any order with options', () => {
    const request = requestWith('Run', 'Run,env,@keep=1,A=1,@cwd=/,B=2');
    expect([...request.settings.keys()]).toEqual(['A', 'B']);
    expect(request.options).toEqual({ keep: true, cwd: '/' });
  });

  test.each(['1A=x', '=x', 'A', '', 'A-B=x', 'A B=x', '\\xc3=x', ' A=x'])('have a name: not %j', (field) => {
    expect(failureOfLine(`Run,env,${field}`)).toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/ is neither a setting NAME=value nor an option @name=value$/) as string,
    });
  });

  test('are taken by Run and StartDaemon only', () => {
    expect(requestWith('StartDaemon', 'StartDaemon,env,A=1').settings.get('A')).toBe('1');
    expect(failureOfLine('Version,A=1').message).toBe(
      `'A=1' is one argument too many: Version takes no arguments`,
    );
    expect(failureOfLine('Status,web,A=1').message).toBe(
      `'A=1' is one argument too many: write Status,<label>`,
    );
  });
});

describe('a command', () => {
  test('is the first field, whatever it begins with', () => {
    expect(requestWith('Run', 'Run,@program x').args.command).toEqual(['@program', 'x']);
    expect(requestWith('Run', 'Run,A=1 env').args.command).toEqual(['A=1', 'env']);
  });

  test('that has no word or an open quote is a bad argument', () => {
    expect(failureOfLine('Run,')).toEqual({ code: 'bad-argument', message: 'the command has no word' });
    expect(failureOfLine("Run,echo 'a").message).toMatch(/^the quote ' in ''a' is not closed/);
    expect(failureOfLine('Run')).toEqual({ code: 'bad-argument', message: 'write Run,<command>' });
  });

  test('is refused after a fault of its options', () => {
    expect(failureOfLine('Run,,@keep=2').message).toBe(`@keep: '2' is neither 1 nor 0`);
  });
});

describe('an option', () => {
  test('that does not exist is a bad argument that names those that do', () => {
    expect(failureOfLine('Wait,web,@timout=5s')).toEqual({
      code: 'bad-argument',
      message: "Wait has no option '@timout'; did you mean @timeout? It takes @for and @timeout",
    });
    expect(failureOfLine('Wait,web,@nosuch=1').message).toBe(
      "Wait has no option '@nosuch'; it takes @for and @timeout",
    );
    expect(failureOfLine('Version,@label=x').message).toBe("Version takes no options: '@label'");
  });

  test('of another request is one that does not exist', () => {
    for (const text of [
      'StartDaemon,a,@keep=1',
      'StartDaemon,a,@timeout=1s',
      'Run,a,@restart=always',
      'Start,a,@disable=1',
    ]) {
      expect(failureOfLine(text).message).toMatch(/ has no option /);
    }
  });

  test('is matched with regard to case', () => {
    expect(failureOfLine('Run,a,@Keep=1').message).toMatch(
      /^Run has no option '@Keep'; did you mean @keep\?/,
    );
  });

  test('needs a value', () => {
    expect(failureOfLine('Run,a,@keep')).toEqual({
      code: 'bad-argument',
      message: 'the option @keep has no value: write @keep=...',
    });
    expect(failureOfLine('Run,a,@').message).toMatch(/^Run has no option '@'/);
    expect(failureOfLine('Run,a,@=1').message).toMatch(/^Run has no option '@'/);
  });

  test('is given once', () => {
    expect(failureOfLine('Run,a,@cwd=/a,@cwd=/b')).toEqual({
      code: 'bad-argument',
      message: 'the option @cwd is given twice',
    });
  });

  test('is split at the first =', () => {
    expect(requestWith('Run', 'Run,a,@stdin=x=y').options.stdin).toBe('x=y');
  });

  test('stands anywhere in a request that takes no settings', () => {
    const request = requestWith('Signal', 'Signal,@scope=group,HUP,web');
    expect([request.args.signal, request.options.scope]).toEqual([1, 'group']);
  });

  test.each([
    ['Run,a,@timeout=5', '@timeout: ', /is not a duration: write 250ms/],
    ['Run,a,@label=-x', '@label: ', /cannot be a label: it begins with -$/],
    ['Run,a,@umask=9', '@umask: ', /is not an octal number/],
    ['Run,a,@stop-signal=NO', '@stop-signal: ', /is not a signal/],
    ['Run,a,@cwd=', '@cwd: ', /is not an absolute path$/],
    ['Run,a,@user=', '@user: ', /it is empty$/],
    ['StartDaemon,a,@restart=sometimes', '@restart: ', /'sometimes' is not always, on-failure or never$/],
    ['StartDaemon,a,@on-exit=', '@on-exit: ', /the command has no word$/],
    ['List,@at=now', '@at: ', /is not a time/],
    ['Events,@last=-1', '@last: ', /is not a number from 0/],
    ['Wait,a,@for=up', '@for: ', /'up' is not stopped, /],
    ['Port,a,@port=65536', '@port: ', /is not a number from 0 to 65535$/],
  ])('with a value that cannot be read is named: %s', (text, prefix, reason) => {
    const { code, message } = failureOfLine(text);
    expect(code).toBe('bad-argument');
    expect(message.startsWith(prefix)).toBe(true);
    expect(message).toMatch(reason);
  });
});

describe('arguments', () => {
  test.each([
    ['StopDaemon', 'write StopDaemon,<label>'],
    ['Signal,TERM', 'write Signal,<signal>,<targets>...'],
    ['Link,a,b', 'write Link,<from>,<to>,<kind>'],
    ['Start', 'write Start,<targets>...'],
    ['MonitorPid', 'write MonitorPid,<pid>'],
  ])('that are missing are asked for: %s', (text, message) => {
    expect(failureOfLine(text)).toEqual({ code: 'bad-argument', message });
  });

  test.each([
    ['List,a,b', `'b' is one argument too many: write List,[<target>]`],
    ['Link,a,b,notify,c', `'c' is one argument too many: write Link,<from>,<to>,<kind>`],
    ['Version,', `'' is one argument too many: Version takes no arguments`],
  ])('that are too many are shown: %s', (text, message) => {
    expect(failureOfLine(text)).toEqual({ code: 'bad-argument', message });
  });

  test.each([
    ['MonitorPid,x', /is not a number from 1/],
    ['Signal,NO,web', /is not a signal/],
    ['Status,a*', /cannot be a label: \*/],
    ['StopDaemon,a?', /cannot be a label: \?/],
    ['Stop,web,a b', /cannot be a label: a blank/],
    [
      'Stop,{web,db}*',
      /^unclosed \{ in the glob '\{web': a comma ends a field, so put the whole field into double quotes/,
    ],
    ['Dump,everything', /'everything' is not config, graph, ports, rules or state$/],
    ['Plan,restart,web', /'restart' is not start or stop$/],
    ['Link,a,b,hug', /'hug' is not stop-with, restart-with, start-with or notify$/],
    ['Cancel,', /is not a tag/],
  ])('that cannot be read say why: %s', (text, reason) => {
    const { code, message } = failureOfLine(text);
    expect(code).toBe('bad-argument');
    expect(message).toMatch(reason);
  });

  test('that are optional may be missing', () => {
    expect(requestWith('List', 'List').args.target).toBeUndefined();
    expect(requestWith('Tree', 'Tree').args.label).toBeUndefined();
  });
});
