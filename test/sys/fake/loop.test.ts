import { describe, expect, it } from 'vitest';
import { VirtualLoop } from '../../../src/sys/fake/loop.ts';
import { ArchondKilled } from '../../../src/sys/fake/misuse.ts';

describe('the virtual loop', () => {
  it('runs nothing by itself', async () => {
    const loop = new VirtualLoop(0);
    let ran = 0;
    loop.post(() => ran++);
    loop.schedule(-1, () => ran++);
    await Promise.resolve();
    expect(ran).toBe(0);
    loop.settle();
    expect(ran).toBe(2);
  });

  it('runs tasks in the order in which they were posted, those that they post after them', () => {
    const loop = new VirtualLoop(0);
    const ran: string[] = [];
    loop.post(() => {
      ran.push('first');
      loop.post(() => ran.push('third'));
    });
    loop.post(() => ran.push('second'));
    loop.settle();
    expect(ran).toEqual(['first', 'second', 'third']);
  });

  it('makes one step at a time, tasks before appointments', () => {
    const loop = new VirtualLoop(10);
    const ran: string[] = [];
    loop.schedule(10, () => ran.push('appointment'));
    loop.post(() => ran.push('task'));
    expect(loop.step()).toBe(true);
    expect(ran).toEqual(['task']);
    expect(loop.step()).toBe(true);
    expect(ran).toEqual(['task', 'appointment']);
    expect(loop.step()).toBe(false);
  });

  it('keeps appointments in the order of their instants, at those instants', () => {
    const loop = new VirtualLoop(100);
    const ran: [string, number][] = [];
    const note = (name: string) => () => ran.push([name, loop.nowMs()]);
    for (const [name, atMs] of [
      ['c', 130],
      ['a', 110],
      ['past', 5],
      ['b', 110],
      ['later', 200],
    ] as const) {
      loop.schedule(atMs, note(name));
    }
    loop.advanceTo(150);
    expect(ran).toEqual([
      ['past', 100],
      ['a', 110],
      ['b', 110],
      ['c', 130],
    ]);
    expect(loop.nowMs()).toBe(150);
    expect(loop.nextAtMs()).toBe(200);
  });

  it('keeps appointments made on the way, and finishes what comes of one before the next', () => {
    const loop = new VirtualLoop(0);
    const ran: string[] = [];
    loop.schedule(1, () => {
      loop.schedule(2, () => ran.push('made on the way'));
      loop.post(() => ran.push('comes of it'));
    });
    loop.schedule(1, () => ran.push('of the same instant'));
    loop.advanceTo(5);
    expect(ran).toEqual(['comes of it', 'of the same instant', 'made on the way']);
  });

  it('forgets an appointment that is cancelled, and does not count it as the next', () => {
    const loop = new VirtualLoop(0);
    const ran: string[] = [];
    const cancel = loop.schedule(3, () => ran.push('cancelled'));
    loop.schedule(4, () => ran.push('kept'));
    cancel();
    cancel();
    expect(loop.nextAtMs()).toBe(4);
    loop.advanceTo(10);
    cancel();
    expect(ran).toEqual(['kept']);
  });

  it('never goes back in time', () => {
    const loop = new VirtualLoop(50);
    loop.advanceTo(10);
    expect(loop.nowMs()).toBe(50);
  });

  it('keeps ten thousand appointments in order', () => {
    const loop = new VirtualLoop(0);
    const ran: number[] = [];
    for (let number = 0; number < 10_000; number++) {
      const atMs = (number * 7919) % 10_007;
      loop.schedule(atMs, () => ran.push(atMs));
    }
    loop.advanceTo(20_000);
    expect(ran).toEqual([...ran].sort((a, b) => a - b));
    expect(ran).toHaveLength(10_000);
  });

  it('may not be run from inside a callback', () => {
    const loop = new VirtualLoop(0);
    loop.post(() => loop.settle());
    expect(() => loop.settle()).toThrow(/inside/);
  });

  it('passes errors on and goes on afterwards, but swallows the death of archond', () => {
    const loop = new VirtualLoop(0);
    const ran: string[] = [];
    loop.post(() => {
      throw new ArchondKilled('killed');
    });
    loop.post(() => {
      throw new Error('a defect');
    });
    loop.post(() => ran.push('after'));
    expect(() => loop.settle()).toThrow('a defect');
    loop.settle();
    expect(ran).toEqual(['after']);
  });

  it('takes no instant that is not a number', () => {
    expect(() => new VirtualLoop(0).schedule(Number.NaN, () => undefined)).toThrow(/NaN/);
  });
});
