import { describe, expect, it } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import type { FakeClient } from '../../../src/sys/fake/client.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import type { Credentials, Descriptor, ProcessEnd } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

function value<T, E>(result: Result<T, E>): T {
  return result.ok ? result.value : expect.fail(JSON.stringify(result.error));
}

function code(result: Result<unknown, { readonly code: string }>): string {
  return result.ok ? 'ok' : result.error.code;
}

/** A client of a listening archond, and what archond heard of it. */
function visit(rig: Rig): {
  readonly client: FakeClient;
  readonly heard: { text: string; descriptors: Descriptor[]; notes: string[]; peer?: Credentials };
} {
  const heard: { text: string; descriptors: Descriptor[]; notes: string[]; peer?: Credentials } = {
    text: '',
    descriptors: [],
    notes: [],
  };
  value(
    rig.sys.sockets.listen('/run/socket', 0o600, (connection) => {
      heard.peer = connection.peer;
      connection.listen({
        data: (bytes, descriptors, truncated) => {
          heard.text += Buffer.from(bytes).toString();
          heard.descriptors.push(...descriptors);
          if (truncated) heard.notes.push('truncated');
        },
        ended: () => heard.notes.push('ended'),
        gone: () => heard.notes.push('gone'),
        drained: () => heard.notes.push('drained'),
      });
    }),
  );
  const client = value(rig.control.connect('/run/socket', { pid: 44, uid: 55, gid: 66 }));
  rig.control.settle();
  return { client, heard };
}

describe('bad luck', () => {
  it('makes the next calls of a name fail, so many and no more', () => {
    const rig = new Rig();
    rig.control.failNext('pipe2', 'ENFILE', 2);
    expect([1, 2, 3].map(() => code(rig.sys.output.pipe(0)))).toEqual(['ENFILE', 'ENFILE', 'ok']);
    rig.control.failNext('open', 'EMFILE');
    rig.control.failNext('bind', 'EACCES');
    rig.control.failNext('connect', 'EAGAIN');
    rig.control.failNext('mkdir', 'EROFS');
    rig.control.failNext('pidfd_open', 'EMFILE');
    rig.control.failNext('fcntl', 'EMFILE');
    expect(code(rig.sys.descriptors.openNull())).toBe('EMFILE');
    expect(code(rig.sys.sockets.listen('/run/x', 0o600, () => undefined))).toBe('EACCES');
    expect(code(rig.sys.sockets.connect('/run/x'))).toBe('EAGAIN');
    expect(code(rig.sys.files.ensureFolder('/run/y', 0o700))).toBe('EROFS');
    expect(code(rig.sys.pidfds.open(1))).toBe('EMFILE');
    expect(code(rig.sys.descriptors.duplicate(value(rig.sys.descriptors.openNull())))).toBe('EMFILE');
    expect(() => rig.control.failNext('open', 'ENOTHING')).toThrow(/ENOTHING/);
  });

  it('leaves no room for descriptors, and none half made', () => {
    const rig = new Rig();
    const { settings } = rig.control.kernel;
    settings.descriptorLimit = 1;
    expect(code(rig.sys.output.pipe(0))).toBe('EMFILE');
    expect(rig.control.openDescriptors()).toEqual([]);
    expect(code(rig.sys.descriptors.openNull())).toBe('ok');
    expect(code(rig.sys.descriptors.openNull())).toBe('EMFILE');
    expect(code(rig.sys.descriptors.holding(Buffer.from('x')))).toBe('EMFILE');
    settings.descriptorLimit = 2;
    expect(code(rig.sys.descriptors.openNull())).toBe('ok');
  });

  it('drops what is sent to an archond that has no room for it, and says so', () => {
    const rig = new Rig();
    const { client, heard } = visit(rig);
    rig.control.kernel.settings.descriptorLimit = rig.control.openDescriptors().length + 1;
    const { read, write } = rig.control.pipe();
    client.send('three', [write, write, write]);
    write.release();
    rig.control.settle();
    expect([heard.text, heard.descriptors.length, heard.notes]).toEqual(['three', 1, ['truncated']]);
    expect(read.read(1)).toBe('again');
    rig.sys.descriptors.close(heard.descriptors[0] ?? -1);
    expect(read.read(1)).toBe('end');
  });

  it('fills the disk in the middle of a log, which goes on where it stopped', () => {
    const rig = new Rig();
    const { read, write } = value(rig.sys.output.pipe(0));
    const errors: string[] = [];
    const copying = rig.sys.output.copy(read, '/var/log', 0o640, (error) =>
      errors.push(`${error.call} ${error.code}`),
    );
    const { files } = rig.control.kernel;
    files.freeBytes = 6;
    const say = (text: string): unknown =>
      rig.spawn(programs.together(programs.writes(text), programs.exits(0)), {
        descriptors: [{ from: write, to: 1 }],
      });
    say('first ');
    say('second ');
    say('third');
    expect(errors).toEqual(['splice ENOSPC']);
    expect(copying.drain()).toBe(false);
    files.freeBytes = 100;
    expect(copying.drain()).toBe(true);
    say('!');
    rig.control.settle();
    expect(Buffer.from(files.read('/var/log') ?? []).toString()).toBe('first second third!');
    expect([copying.copiedBytes, errors.length]).toEqual([19, 1]);
  });

  it('refuses folders of others, and those that others may write to', () => {
    const rig = new Rig({ user: { uid: 1000, gid: 1000 } });
    const { files } = rig.control.kernel;
    files.put('/run/loose', { kind: 'folder', mode: 0o775, uid: 1000 });
    files.put('/run/socket', { kind: 'terminal', mode: 0o600, uid: 1000 });
    expect(code(rig.sys.files.ensureFolder('/run', 0o700))).toBe('EPERM');
    expect(code(rig.sys.files.ensureFolder('/run/loose', 0o700))).toBe('EPERM');
    expect(code(rig.sys.files.ensureFolder('/run/socket', 0o700))).toBe('ENOTDIR');
    expect(code(rig.sys.files.ensureFolder('/run/mine/too', 0o700))).toBe('ok');
    expect(files.node('/run/mine')).toMatchObject({ kind: 'folder', mode: 0o700, uid: 1000 });
  });

  it('lets directories of users be slow', () => {
    const rig = new Rig();
    const { accounts } = rig.control.kernel;
    accounts.delayMs = 5000;
    accounts.users.push({ name: 'web', uid: 33, gid: 44, groups: [44, 55] });
    const found: string[] = [];
    rig.sys.users.user('33', (user) => found.push(user?.name ?? 'nobody'));
    rig.control.advanceMs(4999);
    expect(found).toEqual([]);
    rig.control.advanceMs(1);
    expect(found).toEqual(['web']);
  });
});

describe('clients', () => {
  it('are who they say, and archond is who it is', () => {
    const rig = new Rig({ user: { uid: 7, gid: 8 } });
    const { client, heard } = visit(rig);
    client.send('x');
    rig.control.settle();
    expect(heard.peer).toEqual({ pid: 44, uid: 55, gid: 66 });
    const connection = value(rig.sys.sockets.connect('/run/socket'));
    expect(connection.peer).toMatchObject({ uid: 7, gid: 8 });
  });

  it('send descriptors of every kind, which archond tells apart', () => {
    const rig = new Rig();
    const { client, heard } = visit(rig);
    const stranger = rig.control.stranger(programs.runs());
    const kinds = ['file', 'folder', 'socket', 'character', 'block', 'other'] as const;
    const files = [
      ...kinds.map((kind) => rig.control.file(kind)),
      rig.control.pipe().read,
      rig.control.pidfd(stranger),
    ];
    client.send('all', files);
    rig.control.settle();
    const told = heard.descriptors.map((descriptor) => value(rig.sys.descriptors.kindOf(descriptor)));
    expect(told).toEqual([...kinds, 'pipe', 'pidfd']);
    expect(value(rig.sys.pidfds.pidOf(heard.descriptors.at(-1) ?? -1))).toBe(stranger.pid);
  });

  it('send the pidfd of a thread, which is refused as such', () => {
    const rig = new Rig();
    const { client, heard } = visit(rig);
    client.send('x', [rig.control.pidfd(rig.control.stranger(programs.runs()), true)]);
    rig.control.settle();
    expect(code(rig.sys.pidfds.pidOf(heard.descriptors[0] ?? -1))).toBe('EINVAL');
  });

  it('that vanish in the middle of what they send are gone after what came', () => {
    const rig = new Rig();
    const { client, heard } = visit(rig);
    rig.control.kernel.settings.readBytes = 2;
    client.send('12345');
    rig.control.step();
    client.vanish();
    rig.control.settle();
    expect([heard.text, heard.notes]).toEqual(['12345', ['gone']]);
  });

  it('get descriptors from archond, which go on when it has closed its own', () => {
    const rig = new Rig();
    value(
      rig.sys.sockets.listen('/run/socket', 0o600, (connection) => {
        const descriptor = value(rig.sys.descriptors.holding(Buffer.from('given')));
        connection.write(Buffer.from('here'), [descriptor]);
        rig.sys.descriptors.close(descriptor);
        connection.close();
      }),
    );
    const client = value(rig.control.connect('/run/socket'));
    rig.control.settle();
    expect([client.received.toString(), client.ended, client.gone]).toEqual(['here', true, true]);
    const [file] = client.takeFiles();
    expect(Buffer.from((file?.read(100) ?? []) as Uint8Array).toString()).toBe('given');
    expect(file?.read(1)).toBe('end');
  });

  it('pass their output to a command, which writes where they read', () => {
    const rig = new Rig();
    const { client, heard } = visit(rig);
    const { read, write } = rig.control.pipe();
    client.send('run', [write]);
    write.release();
    rig.control.settle();
    const from = heard.descriptors[0] ?? -1;
    rig.spawn(programs.together(programs.writes('output'), programs.exits(0)), {
      descriptors: [{ from, to: 1 }],
    });
    rig.sys.descriptors.close(from);
    expect(Buffer.from(read.read(100) as Uint8Array).toString()).toBe('output');
    expect(read.read(1)).toBe('end');
  });
});

describe('strangers', () => {
  const watched = (
    strangersEnd: 'at-death' | 'at-reap' | 'never',
    zombie: boolean,
  ): readonly (ProcessEnd | string)[] => {
    const rig = new Rig();
    rig.control.kernel.settings.strangersEnd = strangersEnd;
    const stranger = rig.control.stranger(programs.exits(9, 10), { zombie });
    const told: (ProcessEnd | string)[] = [];
    const pidfd = value(rig.sys.pidfds.open(stranger.pid));
    rig.sys.pidfds.watch(pidfd, (end) => told.push(end));
    rig.control.advanceMs(20);
    told.push('reaped');
    stranger.reap();
    rig.control.settle();
    expect(value(rig.sys.pidfds.pidOf(pidfd))).toBe(-1);
    return told;
  };

  it('tell their end when they are reaped, at their death, or never, as the kernel is', () => {
    const end = { kind: 'exited', code: 9 };
    expect(watched('at-reap', false)).toEqual([end, 'reaped']);
    expect(watched('at-reap', true)).toEqual(['reaped', end]);
    expect(watched('at-death', true)).toEqual([end, 'reaped']);
    expect(watched('never', true)).toEqual([{ kind: 'unknown' }, 'reaped']);
  });

  it('of other users cannot be signalled by an archond that is not root', () => {
    const rig = new Rig({ user: { uid: 1000, gid: 1000 } });
    const mine = rig.control.stranger(programs.runs());
    const other = rig.control.stranger(programs.runs(), { attributes: { uid: 0 } });
    const codes = [mine, other].map(({ pid }) =>
      code(rig.sys.pidfds.signal(value(rig.sys.pidfds.open(pid)), 15)),
    );
    expect(codes).toEqual(['ok', 'EPERM']);
    rig.control.settle();
    expect([mine.alive, other.alive]).toEqual([false, true]);
  });
});
