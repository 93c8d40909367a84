import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK } from '../../../src/sys/keeper-layout.ts';
import { SpawnBlockEncoder, type BlockOrder } from '../../../src/sys/real/spawn-block.ts';
import { Words } from '../../../src/sys/real/words.ts';
import { value } from '../../native/support.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const SIMPLE: BlockOrder = { argv: [bytes('ls')], env: [], paths: [bytes('/bin/ls')], descriptors: [] };

/** Reads a block back as the child does: by offsets, strings up to their NUL. */
function decode(block: Uint8Array): Record<string, unknown> {
  const words = new Words(Uint8Array.from(block));
  const string = (at: number): string => {
    expect(at).toBeGreaterThanOrEqual(BLOCK.HEAD_BYTES);
    expect(at).toBeLessThan(block.length);
    return Buffer.from(words.bytes.subarray(at, words.bytes.indexOf(0, at))).toString('latin1');
  };
  const optional = (at: number): string | undefined =>
    words.u64(at) === 0 ? undefined : string(words.u64(at));
  const list = (offsetAt: number, count: number, ended: boolean): string[] => {
    const at = words.u64(offsetAt);
    expect(at % 8).toBe(0);
    if (ended) expect(words.u64(at + 8 * count)).toBe(0);
    return Array.from({ length: count }, (_, i) => string(words.u64(at + 8 * i)));
  };
  const numbers = (offsetAt: number, count: number): number[] => {
    const at = words.u64(offsetAt);
    expect(at % 4).toBe(0);
    return Array.from({ length: count }, (_, i) => words.u32(at + 4 * i));
  };
  const limitsAt = words.u64(BLOCK.rlimitsOffset);
  expect(limitsAt % 8).toBe(0);
  expect(words.u64(BLOCK.bytes)).toBe(block.length);
  expect(words.u32(BLOCK.magic)).toBe(BLOCK.MAGIC);
  expect(block.at(-1)).toBe(0);
  return {
    flags: words.u32(BLOCK.flags),
    argv: list(BLOCK.argvOffset, words.u32(BLOCK.argc), true),
    env: list(BLOCK.envOffset, words.u32(BLOCK.envc), true),
    paths: list(BLOCK.pathsOffset, words.u32(BLOCK.pathc), false),
    fds: numbers(BLOCK.fdsOffset, words.u32(BLOCK.fdc)),
    groups: numbers(BLOCK.groupsOffset, words.u32(BLOCK.groupCount)),
    limits: Array.from({ length: words.u32(BLOCK.rlimitCount) }, (_, i) => {
      const at = limitsAt + BLOCK.RLIMIT_BYTES * i;
      return [words.u32(at), words.big(at + 8), words.big(at + 16)];
    }),
    cwd: optional(BLOCK.cwdOffset),
    tty: optional(BLOCK.ttyOffset),
    listenPidAt: words.u64(BLOCK.listenPidOffset),
    uid: words.u32(BLOCK.uid),
    gid: words.u32(BLOCK.gid),
    umask: words.u32(BLOCK.umask),
    nice: words.u32(BLOCK.nice) | 0,
    oom: words.u32(BLOCK.oomScoreAdjust) | 0,
  };
}

const encoder = new SpawnBlockEncoder();
const encode = (order: Partial<BlockOrder>): Record<string, unknown> =>
  decode(value(encoder.encode({ ...SIMPLE, ...order })));
const refused = (order: Partial<BlockOrder>): unknown => encoder.encode({ ...SIMPLE, ...order });

describe('a spawn block', () => {
  it('of the least that there is holds nothing else', () => {
    expect(encode({})).toEqual({
      flags: BLOCK.SESSION,
      argv: ['ls'],
      env: [],
      paths: ['/bin/ls'],
      fds: [],
      groups: [],
      limits: [],
      cwd: undefined,
      tty: undefined,
      listenPidAt: 0,
      uid: 0,
      gid: 0,
      umask: 0,
      nice: 0,
      oom: 0,
    });
  });

  it('holds every attribute of the order, each with its flag', () => {
    const all = encode({
      argv: [bytes('a'), bytes(''), bytes('c d')],
      env: [bytes('A=1'), bytes('B=')],
      paths: [bytes('/x'), bytes('/y')],
      cwd: bytes('/tmp'),
      tty: bytes('/dev/tty1'),
      descriptors: [
        { from: 10, to: 0 },
        { from: 11, to: 255 },
      ],
      session: false,
      user: { uid: 2 ** 32 - 1, gid: 5, groups: [6, 7] },
      umask: 0o27,
      nice: -20,
      oomScoreAdjust: -1000,
      noNewPrivileges: true,
      limits: [
        { resource: 'cpu', soft: 1, hard: Infinity },
        { resource: 'rttime', soft: 2 ** 40, hard: 2 ** 53 - 1 },
      ],
    });
    expect(all).toMatchObject({
      argv: ['a', '', 'c d'],
      env: ['A=1', 'B='],
      paths: ['/x', '/y'],
      cwd: '/tmp',
      tty: '/dev/tty1',
      fds: [0, 255],
      uid: 2 ** 32 - 1,
      gid: 5,
      groups: [6, 7],
      umask: 0o27,
      nice: -20,
      oom: -1000,
      limits: [
        [0, 1n, 2n ** 64n - 1n],
        [15, 2n ** 40n, 2n ** 53n - 1n],
      ],
    });
    const { USER, GROUPS, UMASK, NICE, OOM, NO_NEW_PRIVS, TTY, CWD } = BLOCK;
    expect(all['flags']).toBe(USER | GROUPS | UMASK | NICE | OOM | NO_NEW_PRIVS | TTY | CWD);
  });

  it('tells no groups from groups that are not to be touched', () => {
    expect(encode({ user: { uid: 1, gid: 1 } })['flags']).toBe(BLOCK.SESSION | BLOCK.USER);
    expect(encode({ user: { uid: 1, gid: 1, groups: [] } })['flags']).toBe(
      BLOCK.SESSION | BLOCK.USER | BLOCK.GROUPS,
    );
  });

  it('has room for the digits of a pid where LISTEN_PID is asked for', () => {
    const order = { ...SIMPLE, env: [bytes('A=1')], listenPid: true };
    const block = value(encoder.encode(order));
    const { listenPidAt, env, flags } = decode(block);
    expect(env).toEqual(['A=1', 'LISTEN_PID=0000000000']);
    expect(Number(flags) & BLOCK.LISTEN_PID).toBe(BLOCK.LISTEN_PID);
    const digits = Buffer.from(block.subarray(Number(listenPidAt), Number(listenPidAt) + 11)).toString(
      'latin1',
    );
    expect(digits).toBe('0000000000\0');
  });

  it('is the same whatever was encoded before', () => {
    const first = Buffer.from(value(encoder.encode(SIMPLE)));
    value(encoder.encode({ ...SIMPLE, cwd: bytes('/somewhere'), nice: 5, tty: bytes('/dev/tty') }));
    expect(Buffer.from(value(encoder.encode(SIMPLE))).equals(first)).toBe(true);
  });

  it('may be of a megabyte, but not of more than 16', () => {
    const env = Array.from({ length: 1000 }, (_, i) => Buffer.alloc(1024, `V${i}=`));
    expect(encode({ env })['env']).toHaveLength(1000);
    expect(refused({ env: [Buffer.alloc(16 << 20, 'x')] })).toEqual({ ok: false, error: 'E2BIG' });
    expect(encode({})).toMatchObject({ argv: ['ls'] });
  });

  it('is refused where the order cannot be meant', () => {
    const nul = Buffer.from('a\0b');
    const at = (...numbers: number[]): Partial<BlockOrder> => ({
      descriptors: numbers.map((to) => ({ from: 0, to })),
    });
    const wrong: readonly Partial<BlockOrder>[] = [
      { argv: [] },
      { paths: [] },
      { argv: [nul] },
      { env: [bytes('A=1'), nul] },
      { paths: [nul] },
      { cwd: nul },
      { tty: nul },
      at(256),
      at(-1),
      at(1.5),
      at(3, 3),
      at(...Array.from({ length: 65 }, (_, i) => i)),
      { nice: 20 },
      { nice: -21 },
      { umask: 0o1000 },
      { oomScoreAdjust: 1001 },
      { user: { uid: -1, gid: 0 } },
      { user: { uid: 0, gid: 2 ** 32 } },
      { user: { uid: 0, gid: 0, groups: [NaN] } },
      { limits: [{ resource: 'unheard-of', soft: 0, hard: 0 }] },
      { limits: [{ resource: 'cpu', soft: -1, hard: 0 }] },
      { limits: [{ resource: 'cpu', soft: 0.5, hard: 1 }] },
      { limits: [{ resource: 'cpu', soft: 0, hard: NaN }] },
    ];
    for (const order of wrong)
      expect(refused(order), JSON.stringify(order)).toEqual({ ok: false, error: 'EINVAL' });
  });

  it('gives every order back that it was made of', () => {
    const string = fc.uint8Array({ min: 1, maxLength: 40 });
    const text = (list: readonly Uint8Array[]): string[] =>
      list.map((item) => Buffer.from(item).toString('latin1'));
    const order = fc.record({
      argv: fc.array(string, { minLength: 1, maxLength: 20 }),
      env: fc.array(string, { maxLength: 60 }),
      paths: fc.array(string, { minLength: 1, maxLength: 10 }),
      cwd: string,
      numbers: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 64 }),
      groups: fc.array(fc.nat(), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(order, ({ argv, env, paths, cwd, numbers, groups }) => {
        const descriptors = numbers.map((to) => ({ from: 0, to }));
        const block = encode({ argv, env, paths, cwd, descriptors, user: { uid: 1, gid: 2, groups } });
        expect(block).toMatchObject({
          argv: text(argv),
          env: text(env),
          paths: text(paths),
          cwd: text([cwd])[0],
          fds: numbers,
          groups,
        });
      }),
    );
  });
});
