import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { GREETING } from './against.ts';
import { HANG_UP, Pretended } from './pretended.ts';
import { archonctl } from './client.ts';

const LIST = ['Unit,web,running,1,1000,0,,,', 'Ok,1'];

describe('a supervisor that cannot be reached', () => {
  it('is said to be so at once where there is no socket, by every kind of verb, with 69', async () => {
    const sentence =
      'archonctl: the supervisor at /nowhere/s cannot be reached: ENOENT (No such file or directory); ' +
      'start one with archond, or name another socket with --socket\n';
    for (const words of [
      ['list'],
      ['run', 'true'],
      ['start-daemon', 'true'],
      ['send', 'List'],
      ['shutdown'],
    ]) {
      expect([words, await archonctl('/nowhere/s', words)]).toEqual([
        words,
        { code: 69, stdout: '', stderr: sentence },
      ]);
    }
  });

  it('is named by --socket before the environment', async () => {
    expect((await archonctl('/nowhere/s', ['--socket', '/elsewhere/s', 'list'])).stderr).toContain(
      '/elsewhere/s',
    );
    expect((await archonctl('/nowhere/s', ['list', '--socket=/elsewhere/s'])).stderr).toContain(
      '/elsewhere/s',
    );
  });

  it('is sought where the user has it, where nothing is said', async () => {
    const env = { ARCHON_SOCKET: '', XDG_RUNTIME_DIR: '/nowhere/run' };
    expect((await archonctl('', ['list'], { env })).stderr).toContain('archonctl: the supervisor at ');
  });

  it.skipIf(process.getuid?.() === 0)('may belong to somebody else (not as root)', async () => {
    await using server = await Pretended.start(() => LIST);
    await chmod(server.socket, 0);
    expect(await archonctl(server.socket, ['list'])).toEqual({
      code: 69,
      stdout: '',
      stderr:
        `archonctl: the supervisor at ${server.socket} cannot be reached: EACCES (Permission denied); your user is ` +
        'not admitted; name your own with --socket\n',
    });
  });
});

describe('a supervisor that is on its way', () => {
  it('that hangs up unheard is asked again, and what it must do once it does once', async () => {
    let connections = 0;
    await using server = await Pretended.start(([verb]) => {
      if (verb === 'Version') return (connections += 1) < 4 ? [HANG_UP] : GREETING;
      return ['Ok,web,7'];
    });
    expect(await archonctl(server.socket, ['start-daemon', 'true'])).toEqual({
      code: 0,
      stdout: 'web 7\n',
      stderr: '',
    });
    expect(server.requests.map(([verb]) => verb)).toEqual([
      ...Array<string>(4).fill('Version'),
      'StartDaemon',
    ]);
  });

  it('is asked again where that changes nothing', async () => {
    let asked = 0;
    await using server = await Pretended.start(() =>
      (asked += 1) < 3 ? ['Unit,old,running,1,1,0,,,', HANG_UP] : LIST,
    );
    const { code, stdout } = await archonctl(server.socket, ['list', '--csv']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'label,state,pid,since,restarts,cpu,memory,last_exit\nweb,running,1,1000,0,,,\n',
    });
  });

  it('is not asked again where that would do it twice', async () => {
    await using server = await Pretended.start(([verb]) => (verb === 'Version' ? GREETING : [HANG_UP]));
    for (const words of [['kill', 'web'], ['restart', 'web'], ['start-daemon', 'true'], ['shutdown']]) {
      server.requests.length = 0;
      server.answerBy(([verb]) => (verb === 'Version' ? GREETING : verb === 'List' ? LIST : [HANG_UP]));
      const { code, stderr } = await archonctl(server.socket, words);
      expect({ words, code, stderr }).toEqual({
        words,
        code: 1,
        stderr:
          'archonctl: the supervisor went away before it answered; see archonctl list for what it did\n',
      });
      expect(server.requests.filter(([verb]) => verb !== 'Version' && verb !== 'List')).toHaveLength(1);
    }
  });
});

describe('a supervisor that hangs up on everyone', () => {
  it('is given up after ten seconds, by every kind of verb, with 69; what must not be done twice is never asked', async () => {
    await using server = await Pretended.start(() => [HANG_UP]);
    const gaveUp = {
      code: 69,
      stdout: '',
      stderr: `archonctl: the supervisor at ${server.socket} hangs up on everyone; see what it logs\n`,
    };
    const verbs = [['list'], ['run', 'true'], ['start-daemon', 'true']];
    const ended = await Promise.all(verbs.map(async (words) => archonctl(server.socket, words)));
    expect(ended).toEqual([gaveUp, gaveUp, gaveUp]);
    expect(new Set(server.requests.map(([verb]) => verb))).toEqual(new Set(['List', 'Version']));
  });
});

describe('what answers', () => {
  it('is given up after --timeout, wherever it stands in the line', async () => {
    await using server = await Pretended.start(() => undefined);
    const late = { code: 1, stdout: '', stderr: 'archonctl: there was no answer within 200ms\n' };
    expect(await archonctl(server.socket, ['--timeout', '200ms', 'list'])).toEqual(late);
    expect(await archonctl(server.socket, ['list', '--timeout', '200ms'])).toEqual(late);
    expect(await archonctl(server.socket, ['list'], { env: { ARCHON_TIMEOUT: '200ms' } })).toEqual(late);
  });

  it('may turn out to be no supervisor', async () => {
    for (const line of ['HTTP/1.1 400 "Bad" Request', 'Error', 'ExitStatus,x']) {
      await using server = await Pretended.start(() => [line]);
      const { code, stderr } = await archonctl(server.socket, ['list']);
      expect([line, code]).toEqual([line, 1]);
      expect(stderr).toMatch(/^archonctl: [^\n]+\n$/);
    }
  });

  it('may be newer: further fields, records and error codes are no obstacle', async () => {
    await using server = await Pretended.start(() => [
      'Unit,web,dreaming,1,1000,0,,,,9,x',
      'Weather,fine',
      'Ok,1,more',
    ]);
    expect((await archonctl(server.socket, ['list', '--csv'])).stdout).toContain('web,dreaming,1,1000');
    server.answerBy(() => ['Error,it is too late,too-late']);
    expect(await archonctl(server.socket, ['list'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'archonctl: it is too late\n',
    });
  });

  it('cannot speak to the terminal through a reason', async () => {
    await using server = await Pretended.start(() => ['Error,no \\x1b[2J,failed']);
    expect((await archonctl(server.socket, ['list'])).stderr).toBe('archonctl: no \\x1b[2J\n');
  });

  it('may refuse to run anything, which is the failure of archon', async () => {
    await using server = await Pretended.start(([verb]) =>
      verb === 'Version' ? GREETING : ['Error,not now,shutting-down'],
    );
    expect(await archonctl(server.socket, ['run', 'true'])).toEqual({
      code: 125,
      stdout: '',
      stderr: 'archonctl: not now\n',
    });
  });
});
