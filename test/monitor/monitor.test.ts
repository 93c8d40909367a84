import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Monitor, type Target } from '../../src/monitor/monitor.ts';
import { TICK_MS } from '../../src/monitor/pace.ts';
import type { Usage } from '../../src/monitor/usage.ts';
import type { FakeProcess } from '../../src/sys/fake/process.ts';
import { NO_USAGE } from '../../src/sys/fake/process-types.ts';
import { Rig } from '../sys/fake/rig.ts';

const { SIGKILL } = constants.signals;

/** A unit as these tests know it. */
interface Unit {
  readonly name: string;
  target: Target | undefined;
}

let rig: Rig;
let units: Unit[];
let monitor: Monitor<Unit>;

beforeEach(() => {
  rig = new Rig();
  units = [];
  monitor = new Monitor(rig.sys, { all: () => units, targetOf: ({ target }) => target });
});

/** A process that uses what it is given to have used. */
function start(): { readonly unit: Unit; readonly process: FakeProcess } {
  const made: FakeProcess[] = [];
  const ref = rig.spawn((self) => void made.push(self));
  const unit = { name: `u${units.length}`, target: { ref } };
  units.push(unit);
  const [process] = made;
  if (process === undefined) throw new Error('the program has not begun');
  return { unit, process };
}

/** It has used so many milliseconds of the processor, and has so many MiB. */
function use(process: FakeProcess, cpuMs: number, mib: number): void {
  process.usage = { ...NO_USAGE, userUs: cpuMs * 1000, maxRssKib: mib * 1024, blocksOut: cpuMs };
}

/** What is asked for is answered, at this instant. */
async function settled<T>(asked: Promise<T>): Promise<T> {
  rig.control.settle();
  await setImmediate();
  rig.control.settle();
  return asked;
}

/** So many ticks go by; `between` says what happens before each. */
async function ticks(count: number, between: (tick: number) => void = () => undefined): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) {
    rig.control.advanceMs(TICK_MS);
    between(tick);
    monitor.tick();
    await settled(setImmediate());
  }
}

describe('A monitor that is asked', () => {
  it('tells what the tree uses, and since when', async () => {
    const { unit, process } = start();
    const upSinceNs = rig.sys.clock.realtimeNs();
    rig.control.advanceMs(4000);
    use(process, 1000, 5);
    process.fork((child) => {
      use(child, 600, 2);
    });
    rig.control.settle();
    const used = await settled(monitor.read(unit));
    expect(used).toMatchObject({
      atNs: rig.sys.clock.realtimeNs(),
      cpuPercent: 40,
      memoryBytes: 7 << 20,
      processes: 2,
      threads: 2,
      writtenBytes: 1600 * 512,
      upSinceNs,
    });
  });

  it('tells nothing of what has no process, and of what has ended meanwhile', async () => {
    const { unit } = start();
    const asked = monitor.read(unit);
    unit.target = undefined;
    expect(await settled(asked)).toBe(undefined);
    expect(await settled(monitor.read(unit))).toBe(undefined);
  });

  it('begins anew with another process, peaks included', async () => {
    const { unit, process } = start();
    rig.control.advanceMs(2000);
    use(process, 2000, 50);
    expect(await settled(monitor.read(unit))).toMatchObject({ cpuPeakPercent: 100 });
    const other = start();
    unit.target = other.unit.target;
    rig.control.advanceMs(2000);
    use(other.process, 200, 1);
    expect(await settled(monitor.read(unit))).toMatchObject({
      cpuPercent: 10,
      cpuPeakPercent: 10,
      memoryPeakBytes: 1 << 20,
    });
  });

  it('tells of a process that is only watched, and of its age', async () => {
    const { process } = start();
    const unit = { name: 'watched', target: { pid: process.pid } };
    rig.control.advanceMs(10_000);
    use(process, 500, 1);
    process.fork((child) => {
      use(child, 5000, 9);
    });
    expect(await settled(monitor.read(unit))).toMatchObject({ cpuPercent: 5, processes: 1 });
  });

  it('about many units tells what it read some seconds ago, and about few what is so now', async () => {
    const all = Array.from({ length: 70 }, () => start());
    const asked = all.map(({ unit }) => unit);
    rig.control.advanceMs(2000);
    for (const { process } of all) use(process, 100, 1);
    expect((await settled(monitor.readAll(asked))).size).toBe(70);
    for (const { process } of all) use(process, 200, 2);
    rig.control.advanceMs(3000);
    const memoryOf = (usages: ReadonlyMap<Unit, Usage>): Set<number> =>
      new Set([...usages.values()].map(({ memoryBytes }) => memoryBytes));
    expect(memoryOf(await settled(monitor.readAll(asked)))).toEqual(new Set([1 << 20]));
    expect(memoryOf(await settled(monitor.readAll(asked.slice(0, 64))))).toEqual(new Set([2 << 20]));
    rig.control.advanceMs(5001);
    expect(memoryOf(await settled(monitor.readAll(asked)))).toEqual(new Set([2 << 20]));
  });
});

describe('A history', () => {
  it('has a sample for each tick, of an hour', async () => {
    const { unit, process } = start();
    const beganS = Number(rig.sys.clock.realtimeNs() / 1_000_000_000n);
    await ticks(400, (tick) => {
      use(process, tick * 100, 1 + (tick % 7));
    });
    const samples = monitor.history(unit, 0);
    expect(samples).toHaveLength(360);
    expect(samples.at(-1)).toMatchObject({ atS: beganS + 4000, cpuPercent: 1, memoryBytes: 1 << 20 });
    expect(samples.map(({ atS }) => atS - beganS)).toEqual(
      Array.from({ length: 360 }, (_, at) => 410 + at * 10),
    );
    expect(monitor.history(unit, beganS + 3990)).toHaveLength(2);
  });

  it('says nothing of times without a process, and goes on with the next one', async () => {
    const { unit } = start();
    await ticks(2);
    const { target } = unit;
    unit.target = undefined;
    await ticks(3);
    expect(monitor.history(unit, 0)).toHaveLength(2);
    unit.target = start().unit.target;
    await ticks(1);
    expect(monitor.history(unit, 0)).toHaveLength(3);
    expect(unit.target).not.toEqual(target);
  });

  it('tells nothing that is older than an hour', async () => {
    const { unit } = start();
    await ticks(3);
    unit.target = undefined;
    rig.control.advanceMs(3_600_000 - 15_000);
    expect(monitor.history(unit, 0)).toHaveLength(2);
    rig.control.advanceMs(20_000);
    expect(monitor.history(unit, 0)).toEqual([]);
  });

  it('of each of a thousand units has a sample a minute', async () => {
    for (let count = 0; count < 1000; count += 1) start();
    await ticks(60);
    const counts = new Set(units.map((unit) => monitor.history(unit, 0).length));
    for (const count of counts) {
      expect(count).toBeGreaterThanOrEqual(8);
      expect(count).toBeLessThanOrEqual(11);
    }
  });

  it('is there of a unit that comes while others are read', async () => {
    for (let count = 0; count < 10; count += 1) start();
    await ticks(1);
    const { unit } = start();
    await ticks(1);
    expect(monitor.history(unit, 0)).toHaveLength(1);
  });

  it('is not read for while the last reading is under way', async () => {
    start();
    const before = rig.control.calls;
    monitor.tick();
    monitor.tick();
    monitor.tick();
    await settled(setImmediate());
    expect(rig.control.calls - before).toBeLessThan(10);
    await ticks(1);
    expect(monitor.history(units[0] ?? expect.fail(), 0)).toHaveLength(2);
  });
});

describe('Who follows a unit', () => {
  it('is told at his pace, until he has enough', async () => {
    const { unit, process } = start();
    const told: (number | undefined)[] = [];
    const cancel = monitor.follow(unit, 2000, (usage) => told.push(usage?.cpuPercent));
    for (const cpuMs of [200, 600, 600, 600]) {
      use(process, cpuMs, 1);
      rig.control.advanceMs(2000);
      await settled(setImmediate());
      if (told.length === 3) cancel();
    }
    expect(told).toEqual([10, 20, 0]);
    cancel();
    expect(rig.control.advanceToNext()).toBe(false);
  });

  it('is told that there is nothing, and of the next process', async () => {
    const { unit } = start();
    const told: (bigint | undefined)[] = [];
    const cancel = monitor.follow(unit, 1000, (usage) => told.push(usage?.upSinceNs));
    const turn = async (): Promise<void> => {
      rig.control.advanceMs(1000);
      await settled(setImmediate());
    };
    await turn();
    if (unit.target !== undefined && 'ref' in unit.target) rig.signal(unit.target.ref, SIGKILL);
    await turn();
    unit.target = start().unit.target;
    await turn();
    cancel();
    expect(told.map((since) => since !== undefined)).toEqual([true, false, true]);
    expect(told[2]).not.toBe(told[0]);
  });

  it('shares the reading with others of the same pace', async () => {
    const all = Array.from({ length: 20 }, () => start().unit);
    const told: string[] = [];
    const cancels = all.map((unit) => monitor.follow(unit, 5000, () => told.push(unit.name)));
    const before = rig.control.calls;
    rig.control.advanceMs(5000);
    await settled(setImmediate());
    expect(told).toEqual(all.map(({ name }) => name));
    expect(rig.control.calls - before).toBeLessThan(40);
    cancels.forEach((cancel) => {
      cancel();
    });
    expect(rig.control.advanceToNext()).toBe(false);
  });

  it('may end it while he is told', async () => {
    const { unit } = start();
    let count = 0;
    const cancel = monitor.follow(unit, 1000, () => {
      count += 1;
      cancel();
    });
    for (let turn = 0; turn < 3; turn += 1) {
      rig.control.advanceMs(1000);
      await settled(setImmediate());
    }
    expect(count).toBe(1);
  });
});
