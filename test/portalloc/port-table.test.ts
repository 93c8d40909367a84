import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excludes, type Address } from '../../src/base/address.ts';
import { idOf, idText, PortTable, type Wanted } from '../../src/portalloc/port-table.ts';

const POOL = { first: 100, last: 104 };

function wanted(name: string, more: Partial<Wanted> = {}): Wanted {
  return { owner: 'web', name, protocol: 'tcp', host: '127.0.0.1', port: 'auto', isShared: false, ...more };
}

/** Everything that is to be tried for a name; empty where there is nothing. */
function tried(table: PortTable, one: Wanted): readonly Address[] {
  const proposed = table.propose(one);
  return proposed.ok ? [...proposed.value] : [];
}

/** Binds the first that the host does not refuse, as archond does. */
function take(
  table: PortTable,
  one: Wanted,
  isFree: (port: number) => boolean = () => true,
): number | undefined {
  const address = tried(table, one).find(({ port }) => isFree(port));
  if (address !== undefined) table.hold({ ...one, address });
  return address?.port;
}

describe('a port of the pool', () => {
  test('is the lowest that no name has had, and the same for a name that asks again', () => {
    const table = new PortTable(POOL);
    expect(take(table, wanted('a'))).toBe(100);
    expect(take(table, wanted('b'))).toBe(101);
    table.release(wanted('a'));
    expect(take(table, wanted('c'))).toBe(102);
    expect(take(table, wanted('a'))).toBe(100);
  });

  test('is the same after everything is gone but what is remembered', () => {
    const a = { protocol: 'tcp', host: '127.0.0.1', port: 103 } as const;
    const table = new PortTable(POOL, [[idText(wanted('a')), a]]);
    expect(take(table, wanted('b'))).toBe(100);
    expect(take(table, wanted('a'))).toBe(103);
  });

  test('is another one where somebody else has it, and stays that one', () => {
    const table = new PortTable(POOL);
    take(table, wanted('a'));
    table.release(wanted('a'));
    expect(take(table, wanted('a'), (port) => port !== 100)).toBe(101);
    table.release(wanted('a'));
    expect(take(table, wanted('a'))).toBe(101);
  });

  test('comes from names that do not hold theirs when all have been given, the one first that was used longest ago', () => {
    const table = new PortTable(POOL);
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) take(table, wanted(name));
    expect(table.propose(wanted('f'))).toEqual({ ok: false, error: { kind: 'exhausted' } });
    for (const name of ['c', 'a']) table.release(wanted(name));
    expect(take(table, wanted('f'))).toBe(100);
    expect(take(table, wanted('g'))).toBe(102);
    expect(tried(table, wanted('a'))).toEqual([]);
  });

  test('of another protocol is another port', () => {
    const table = new PortTable(POOL);
    expect(take(table, wanted('a'))).toBe(100);
    table.hold({ ...wanted('b'), address: { protocol: 'udp', host: '127.0.0.1', port: 100 } });
    expect(table.leases.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('an address that was named', () => {
  test('is the only one that is tried', () => {
    const table = new PortTable(POOL);
    expect(tried(table, wanted('a', { port: 80 }))).toEqual([
      { protocol: 'tcp', host: '127.0.0.1', port: 80 },
    ]);
  });

  test('is refused by the name that holds it, or all addresses of that port', () => {
    const table = new PortTable(POOL);
    take(table, wanted('a', { port: 80 }));
    const lease = table.leaseOf(wanted('a'));
    for (const host of ['127.0.0.1', '0.0.0.0', '::'])
      expect(table.propose(wanted('b', { port: 80, host }))).toEqual({
        ok: false,
        error: { kind: 'claimed', by: lease },
      });
    expect(take(table, wanted('b', { port: 80, host: '::1' }))).toBe(80);
  });

  test('is held by several that share it', () => {
    const table = new PortTable(POOL);
    const shared = { port: 80, isShared: true };
    expect(take(table, wanted('a', { owner: 'web@1', ...shared }))).toBe(80);
    expect(take(table, wanted('a', { owner: 'web@2', ...shared }))).toBe(80);
    expect(take(table, wanted('a', { owner: 'api', port: 80 }))).toBeUndefined();
  });

  test('cannot be held twice', () => {
    const table = new PortTable(POOL);
    take(table, wanted('a', { port: 80 }));
    const address = { protocol: 'tcp', host: '0.0.0.0', port: 80 } as const;
    expect(() => table.hold({ ...wanted('b'), address })).toThrow('web a holds the port of web b');
  });

  test('of a Unix socket has no port', () => {
    const table = new PortTable(POOL);
    const file = wanted('a', { host: '/run/a.sock', port: 0 });
    expect(take(table, file)).toBe(0);
    expect(tried(table, { ...file, name: 'b', protocol: 'udp' })).toEqual([]);
    expect(take(table, { ...file, name: 'b', host: '/run/b.sock' })).toBe(0);
  });
});

describe('what is remembered', () => {
  test('is forgotten where it is too much: what is not held, and was used longest ago', () => {
    const table = new PortTable(POOL);
    for (const name of ['a', 'b', 'c', 'd']) take(table, wanted(name));
    for (const name of ['a', 'c', 'd']) table.release(wanted(name));
    expect(table.trim(2)).toEqual(['web a', 'web c']);
    expect(table.rememberedOf(wanted('a'))).toBeUndefined();
    expect(table.rememberedOf(wanted('b'))?.port).toBe(101);
    expect(table.rememberedOf(wanted('d'))?.port).toBe(103);
  });

  test('is known by one text, whatever labels and names hold', () => {
    for (const id of [
      { owner: 'a:b/c@1', name: 'http' },
      { owner: undefined, name: 'a:b' },
    ])
      expect(idOf(idText(id))).toEqual(id);
    expect(idOf('nothing')).toBeUndefined();
  });
});

/** Names ask and let go in any order, while some ports of the host are somebody else's. */
const deeds = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    host: fc.constantFrom('127.0.0.1', '0.0.0.0', '::', '::1'),
    port: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 99, max: 106 })),
    isShared: fc.boolean(),
    isTaken: fc.array(fc.integer({ min: 100, max: 104 }), { maxLength: 3 }),
    lets: fc.boolean(),
  }),
  { maxLength: 40 },
);

describe('whatever is asked for', () => {
  test('no two names have one address, unless both share it', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const table = new PortTable(POOL);
        for (const { name, lets, isTaken, ...more } of all) {
          const one = wanted(name, more);
          if (lets) table.release(one);
          else if (table.leaseOf(one) === undefined) take(table, one, (port) => !isTaken.includes(port));
          const { leases } = table;
          for (const [at, lease] of leases.entries())
            for (const other of leases.slice(at + 1))
              if (!(lease.isShared && other.isShared))
                expect(excludes(lease.address, other.address)).toBe(false);
        }
      }),
    );
  });

  test('a name that finds its port free gets it again', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const table = new PortTable(POOL);
        for (const { name, lets, isTaken } of all) {
          const one = wanted(name);
          const before = table.rememberedOf(one);
          if (lets) table.release(one);
          if (lets || table.leaseOf(one) !== undefined) continue;
          const isFree =
            before !== undefined &&
            !isTaken.includes(before.port) &&
            table.rivalOf(one, before) === undefined;
          const got = take(table, one, (port) => !isTaken.includes(port));
          if (isFree) expect(got).toBe(before.port);
        }
      }),
    );
  });

  test('a port of the pool is found as long as there is one, and each is tried once', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const table = new PortTable(POOL);
        for (const { name, lets, isTaken } of all) {
          const one = wanted(name);
          if (lets) table.release(one);
          if (lets || table.leaseOf(one) !== undefined) continue;
          const ports = tried(table, one).map(({ port }) => port);
          const held = new Set(table.leases.map(({ address }) => address.port));
          expect(new Set(ports).size).toBe(ports.length);
          expect(ports.length).toBe(5 - held.size);
          take(table, one, (port) => !isTaken.includes(port));
        }
      }),
    );
  });
});
