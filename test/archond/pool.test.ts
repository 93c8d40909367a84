import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pool } from '../../src/archond/pool.ts';

/** A holder that keeps so much when it is asked, and says so in `asked`. */
function holder(name: string, keeps: number, asked: string[]): { giveWay: () => number } {
  return {
    giveWay: () => {
      asked.push(name);
      return keeps;
    },
  };
}

describe('a pool', () => {
  it('is left alone up to its limit', () => {
    const asked: string[] = [];
    const pool = new Pool(10);
    pool.set(holder('a', 0, asked), 5);
    expect(pool.isTight).toBe(false);
    pool.set(holder('b', 0, asked), 5);
    expect([pool.total, pool.isTight, asked]).toEqual([10, true, []]);
  });

  it('is relieved by those whose share has not changed for longest, as many as it takes', () => {
    const asked: string[] = [];
    const pool = new Pool(10);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => holder(name, 0, asked));
    if (a === undefined || b === undefined || c === undefined) throw new Error('no holders');
    pool.set(a, 4);
    pool.set(b, 3);
    pool.set(c, 3);
    pool.set(a, 5);
    expect([pool.total, asked]).toEqual([8, ['b']]);
    pool.set(a, 10);
    expect([pool.total, asked]).toEqual([10, ['b', 'c']]);
    pool.set(a, 11);
    expect([pool.total, asked]).toEqual([0, ['b', 'c', 'a']]);
  });

  it('asks each once where they do not give way', () => {
    const asked: string[] = [];
    const pool = new Pool(10);
    pool.set(holder('a', 8, asked), 8);
    pool.set(holder('b', 8, asked), 8);
    expect([pool.total, asked]).toEqual([16, ['a', 'b']]);
  });

  it('is not confused by a holder that gives back its share itself, or others theirs, when it is asked', () => {
    const pool = new Pool(10);
    const other = holder('other', 0, []);
    const own: { giveWay: () => number } = {
      giveWay: () => {
        pool.set(own, 0);
        pool.set(other, 1);
        return 0;
      },
    };
    pool.set(own, 9);
    pool.set(other, 2);
    expect(pool.total).toBe(1);
  });

  it('holds the sum of its shares, which the limit bounds where all give way', () => {
    const deed = fc.record({ who: fc.nat(5), share: fc.nat(12) });
    fc.assert(
      fc.property(fc.array(deed), (deeds) => {
        const pool = new Pool(20);
        const shares = [0, 0, 0, 0, 0, 0];
        const holders = shares.map((_, at) => ({
          giveWay: () => {
            shares[at] = 0;
            return 0;
          },
        }));
        for (const { who, share } of deeds) {
          shares[who] = share;
          const chosen = holders[who];
          if (chosen !== undefined) pool.set(chosen, share);
          expect(pool.total).toBe(shares.reduce((sum, one) => sum + one, 0));
          expect(pool.total).toBeLessThanOrEqual(20);
        }
      }),
    );
  });
});
