import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realDescriptors } from '../../src/sys/real/descriptors.ts';
import { realPidfds } from '../../src/sys/real/pidfds.ts';
import type { ProcessEnd } from '../../src/sys/sys.ts';
import { Meeting, Recorder } from './recorder.ts';
import { codeOf, Folder, openDescriptors, until, value } from './support.ts';

const IS_ROOT = process.getuid?.() === 0;
const UNKNOWN = { kind: 'unknown' };
const { SIGKILL, SIGTERM } = os.constants.signals;

/** From 6.15 on the kernel keeps the code of a reaped process for the holders of its pidfd. */
const [major = 0, minor = 0] = os.release().split('.').map(Number);
const TELLS_REAPED = major > 6 || (major === 6 && minor >= 15);

let folder: Folder;
let before: Map<number, string>;

beforeEach(async () => {
  before = openDescriptors();
  folder = await Folder.make();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
  const left = [...openDescriptors()].filter(
    ([number, what]) => !before.has(number) && !what.includes('eventpoll'),
  );
  expect(left).toEqual([]);
});

/** A process with a parent that is not this one, and reaps it when it is told to. */
class Lazy {
  readonly #parent: ChildProcess;
  #said = '';
  pid = 0;

  private constructor(parent: ChildProcess) {
    this.#parent = parent;
    parent.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  static async start(...how: string[]): Promise<Lazy> {
    const lazy = new Lazy(folder.start(await folder.compile('lazy'), how, ['pipe', 'pipe', 'ignore']));
    await until(() => lazy.#said.includes('\n'));
    lazy.pid = Number(lazy.#said.trim());
    return lazy;
  }

  /** The child ends; it is a zombie from then on. */
  async end(): Promise<void> {
    this.#parent.stdin?.write('x');
    await until(() => /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${this.pid}/stat`, 'latin1')));
  }

  /** Its parent takes note; returns the wait status. */
  async reap(): Promise<number> {
    this.#parent.stdin?.write('w');
    await until(() => this.#said.split('\n').length > 2);
    return Number(this.#said.split('\n')[1]);
  }
}

const NO_STRANGER = 'another user cannot run node here';

/** A process of another user (where this is root) that watches one and tells of its end. */
class Stranger {
  readonly #child: ChildProcess;
  readonly #isClosed: Promise<unknown>;
  said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#isClosed = once(child, 'close');
    child.stdout?.on('data', (bytes: Buffer) => (this.said += bytes.toString()));
  }

  static async start(pid: number): Promise<Stranger | undefined> {
    const script = await folder.bundle('watcher');
    await folder.run('chmod', ['-R', 'a+rX', folder.path]);
    const user = IS_ROOT ? { uid: 65_534, gid: 65_534 } : {};
    const child = spawn(process.execPath, [script, String(pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
      ...user,
    });
    if (child.pid === undefined) {
      await once(child, 'error');
      return undefined;
    }
    const stranger = new Stranger(child);
    await until(() => stranger.said !== '' || child.exitCode !== null);
    return stranger.said === '' ? undefined : stranger;
  }

  async tells(): Promise<unknown> {
    await this.#isClosed;
    expect(this.#child.exitCode).toBe(0);
    return JSON.parse(this.said.replace('watching\n', ''));
  }
}

/** Watches a process; the descriptor is closed when its end is told. */
function watch(pid: number): { readonly ends: ProcessEnd[]; readonly pidfd: number } {
  const pidfd = value(realPidfds.open(pid));
  const ends: ProcessEnd[] = [];
  realPidfds.watch(pidfd, (end) => {
    ends.push(end);
    closeSync(pidfd);
  });
  return { ends, pidfd };
}

describe('the end of a process of somebody else', () => {
  const cases: readonly [how: string[], end: ProcessEnd][] = [
    [['exit', '7'], { kind: 'exited', code: 7 }],
    [['exit', '255'], { kind: 'exited', code: 255 }],
    [['kill', String(SIGKILL)], { kind: 'signalled', signal: SIGKILL, core: false }],
    [['kill', String(SIGTERM)], { kind: 'signalled', signal: SIGTERM, core: false }],
  ];
  for (const [how, end] of cases) {
    it(`by ${how.join(' ')} is told while it is a zombie, to who may trace it`, async () => {
      const lazy = await Lazy.start(...how);
      const { ends } = watch(lazy.pid);
      await lazy.end();
      await until(() => ends.length > 0);
      expect(ends).toEqual([end]);
    });

    it(`by ${how.join(' ')} is told after it was reaped, where the kernel knows it still`, async () => {
      const lazy = await Lazy.start(...how);
      const pidfd = value(realPidfds.open(lazy.pid));
      await lazy.end();
      await lazy.reap();
      const ends: ProcessEnd[] = [];
      realPidfds.watch(pidfd, (told) => ends.push(told));
      expect(ends).toEqual([]);
      await until(() => ends.length > 0);
      expect(ends).toEqual([TELLS_REAPED ? end : UNKNOWN]);
      closeSync(pidfd);
    });
  }

  it('with code 0 is told where that is no invention', async () => {
    const lazy = await Lazy.start('exit', '0');
    const { ends } = watch(lazy.pid);
    await lazy.end();
    // Who may not trace it reads a 0 for every code: then only its reaping tells.
    if (!IS_ROOT) await lazy.reap();
    await until(() => ends.length > 0);
    expect(ends).toEqual([IS_ROOT || TELLS_REAPED ? { kind: 'exited', code: 0 } : UNKNOWN]);
  });

  it('with a core dump is told as its parent hears it', async () => {
    const lazy = await Lazy.start('core');
    const { ends } = watch(lazy.pid);
    await lazy.end();
    await until(() => ends.length > 0);
    const status = await lazy.reap();
    expect(ends).toEqual([{ kind: 'signalled', signal: status & 0x7f, core: (status & 0x80) !== 0 }]);
  });

  it('that may not be traced is told when it is reaped, without spinning until then', async (context) => {
    const lazy = await Lazy.start('exit', '0');
    const stranger = await Stranger.start(lazy.pid);
    if (stranger === undefined) return context.skip(NO_STRANGER);
    await lazy.end();
    await folder.run(process.execPath, ['-e', '0']);
    expect(stranger.said).toBe('watching\n');
    await lazy.reap();
    const end = TELLS_REAPED ? { kind: 'exited', code: 0 } : UNKNOWN;
    expect(await stranger.tells()).toEqual({ end, isIdle: true });
  });

  it('that nobody reaps is unknown in the end, to who may not trace it', async (context) => {
    const lazy = await Lazy.start('exit', '0');
    const stranger = await Stranger.start(lazy.pid);
    if (stranger === undefined) return context.skip(NO_STRANGER);
    await lazy.end();
    expect(await stranger.tells()).toEqual({ end: UNKNOWN, isIdle: true });
    await lazy.reap();
  });
});

describe('the end of a child of this very process', () => {
  it('is told here and by libuv alike, many at the same time', async () => {
    const children = Array.from({ length: 100 }, (_, code) => {
      const child = spawn('sh', ['-c', `read go; exit ${code}`], { stdio: ['pipe', 'ignore', 'ignore'] });
      return { child, code, told: watch(child.pid ?? -1), exit: once(child, 'exit') };
    });
    for (const { child } of children) child.stdin.end();
    for (const { exit, code, told } of children) {
      expect((await exit)[0]).toBe(code);
      await until(() => told.ends.length > 0);
      // libuv may have reaped it before the watch looked.
      expect([{ kind: 'exited', code }, ...(TELLS_REAPED ? [] : [UNKNOWN])]).toContainEqual(told.ends[0]);
    }
  });
});

describe('a watch', () => {
  it('of a process that runs on tells nothing, and is forgotten when it is cancelled', async () => {
    const lazy = await Lazy.start('exit', '1');
    const pidfd = value(realPidfds.open(lazy.pid));
    let told = 0;
    const cancel = realPidfds.watch(pidfd, () => told++);
    cancel();
    cancel();
    await lazy.end();
    const other = watch(lazy.pid);
    await until(() => other.ends.length > 0);
    expect(told).toBe(0);
    closeSync(pidfd);
  });

  it('may be cancelled by the callback of another one for the same end', async () => {
    const lazy = await Lazy.start('exit', '1');
    const pidfds = [1, 2].map(() => value(realPidfds.open(lazy.pid)));
    const told: number[] = [];
    const cancels: (() => void)[] = [];
    for (const [i, pidfd] of pidfds.entries()) {
      cancels.push(
        realPidfds.watch(pidfd, () => {
          told.push(i);
          for (const cancel of cancels) cancel();
        }),
      );
    }
    await lazy.end();
    await until(() => told.length > 0);
    await new Promise((go) => setImmediate(go));
    expect(told).toHaveLength(1);
    for (const pidfd of pidfds) closeSync(pidfd);
  });

  it('of what is not open is a mistake', () => {
    expect(() => realPidfds.watch(100_000, () => undefined)).toThrow('EBADF');
  });
});

describe('a pidfd', () => {
  it('has no pid any more when its process has been reaped, and takes no signal', async () => {
    const lazy = await Lazy.start('exit', '3');
    const pidfd = value(realPidfds.open(lazy.pid));
    expect(value(realPidfds.pidOf(pidfd))).toBe(lazy.pid);
    await lazy.end();
    expect(value(realPidfds.pidOf(pidfd))).toBe(lazy.pid);
    await lazy.reap();
    expect(value(realPidfds.pidOf(pidfd))).toBe(-1);
    expect(codeOf(realPidfds.signal(pidfd, 0))).toBe('ESRCH');
    closeSync(pidfd);
  });

  it('of a thread is refused, of a first thread too', async (context) => {
    await using meeting = await Meeting.open();
    const child = folder.start(await folder.compile('threads'), [meeting.path], ['pipe', 'ignore', 'ignore']);
    const ended = once(child, 'close');
    const outcome = await Promise.race([meeting.accept(), ended]);
    if (Array.isArray(outcome)) return context.skip('this kernel has no descriptors of threads');
    const recorder = new Recorder(outcome);
    await recorder.until(() => recorder.descriptors.length === 2);
    for (const descriptor of recorder.descriptors) {
      expect(codeOf(realPidfds.pidOf(descriptor))).toBe('EINVAL');
      expect(value(realDescriptors.kindOf(descriptor))).toBe('pidfd');
    }
    recorder.closeDescriptors();
    child.stdin?.end();
    await ended;
  });

  it('is what no other descriptor is taken for', async () => {
    await using meeting = await Meeting.open();
    const file = openSync(new URL(import.meta.url), 'r');
    const directory = openSync('/', 'r');
    const pipe = value(realDescriptors.holding(Buffer.from('x')));
    const all = [...openDescriptors()];
    const find = (text: string): number => all.find(([, what]) => what.includes(text))?.[0] ?? -1;
    expect(meeting.listening).toBeDefined();
    const kinds: readonly [descriptor: number, kind: string][] = [
      [file, 'file'],
      [directory, 'folder'],
      [pipe, 'pipe'],
      [find('socket:'), 'socket'],
      [find('eventpoll'), 'other'],
      [find('eventfd'), 'other'],
    ];
    for (const [descriptor, kind] of kinds) {
      expect(value(realDescriptors.kindOf(descriptor))).toBe(kind);
      expect(codeOf(realPidfds.pidOf(descriptor))).toBe('EBADF');
      expect(codeOf(realPidfds.signal(descriptor, 0))).toBe('EBADF');
    }
    for (const descriptor of [file, directory, pipe]) closeSync(descriptor);
    expect(codeOf(realDescriptors.kindOf(file))).toBe('EBADF');
    expect(codeOf(realPidfds.pidOf(file))).toBe('EBADF');
  });

  it('of this very process is watched without harm', () => {
    const pidfd = value(realPidfds.open(process.pid));
    const cancel = realPidfds.watch(pidfd, () => expect.fail('it lives'));
    expect(value(realPidfds.pidOf(pidfd))).toBe(process.pid);
    cancel();
    closeSync(pidfd);
  });

  it('cannot be had of nobody', () => {
    expect(codeOf(realPidfds.open(0))).toBe('EINVAL');
    expect(codeOf(realPidfds.open(2 ** 30))).toMatch(/^(ESRCH|EINVAL)$/);
  });
});
