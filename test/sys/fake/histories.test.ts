import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/sys/fake/process.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import type { EntryState, Spawned } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

const { SIGCONT, SIGHUP, SIGKILL, SIGSTOP, SIGTERM } = constants.signals;
const ORDER: Readonly<Record<EntryState, number>> = { starting: 1, running: 2, exited: 3, empty: 4 };

/** What may happen in a history: something archond asks for, or something that befalls it. */
type Deed =
  | { readonly kind: 'spawn'; readonly program: number; readonly ms: number; readonly minder: boolean }
  | {
      readonly kind: 'signal';
      readonly which: number;
      readonly signal: number;
      readonly scope: 'main' | 'group' | 'tree';
    }
  | { readonly kind: 'kill' | 'bury' | 'refuse' | 'restart' | 'step' | 'hangup'; readonly which: number }
  | { readonly kind: 'advance' | 'slow'; readonly ms: number };

const which = fc.nat(20);
const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('spawn' as const),
      program: fc.nat(7),
      ms: fc.nat(50),
      minder: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('signal' as const),
      which,
      signal: fc.constantFrom(0, SIGTERM, SIGKILL, SIGSTOP, SIGCONT, SIGHUP),
      scope: fc.constantFrom('main' as const, 'group' as const, 'tree' as const),
    }),
    fc.record({
      kind: fc.constantFrom(...(['kill', 'bury', 'refuse', 'restart', 'step', 'hangup'] as const)),
      which,
    }),
    fc.record({ kind: fc.constantFrom('advance' as const, 'slow' as const), ms: fc.nat(30) }),
  ),
  { maxLength: 60 },
);

function programOf(number: number, ms: number): Program {
  const { together, exits, dies, runs, ignores, doubleForks } = programs;
  const all: readonly Program[] = [
    exits(ms % 256, ms),
    dies(SIGTERM, ms),
    runs(),
    together(ignores(), doubleForks(ignores())),
    together(doubleForks(exits(3, ms)), exits(4, 2)),
    (self) => self.uninterruptible(ms),
    programs.hops(1 + ms),
    programs.exitsOn(SIGTERM, 5, ms),
  ];
  return all[number] ?? runs();
}

/** Plays a history, and returns all that archond could see of it. What must hold at any time is checked on the way. */
function play(history: readonly Deed[]): readonly string[] {
  const rig = new Rig({ tableEntries: 8 });
  const { control } = rig;
  const seen: string[] = [];
  const spawned: Spawned[] = [];
  const states = new Map<number, EntryState>();
  const ends = new Map<number, string>();
  let generation = 0;
  const freed = new Set<number>();
  const note = (line: string): number => seen.push(`${control.nowMs()} ${line}`);

  const look = (): void => {
    let index = -1;
    for (const entry of rig.sys.keeper.entries()) {
      expect(entry.index).toBeGreaterThan(index);
      index = entry.index;
      expect(entry.generation).toBeLessThanOrEqual(rig.sys.keeper.lastGeneration());
      const before = states.get(entry.generation);
      expect(ORDER[entry.state]).toBeGreaterThanOrEqual(before === undefined ? 0 : ORDER[before]);
      states.set(entry.generation, entry.state);
      expect(entry.end !== undefined).toBe(ORDER[entry.state] >= ORDER.exited);
      const members = control.members(entry);
      expect(members.length === 0).toBe(entry.state === 'empty');
      if (entry.end === undefined) continue;
      const end = JSON.stringify(entry.end);
      expect(ends.get(entry.generation) ?? end).toBe(end);
      ends.set(entry.generation, end);
    }
  };

  const act = (deed: Deed): void => {
    const { keeper } = rig.sys;
    const ref = spawned['which' in deed ? deed.which % Math.max(1, spawned.length) : 0];
    switch (deed.kind) {
      case 'spawn': {
        const tree = deed.minder ? 'minder' : 'cgroup';
        const order = { ...rig.order(programOf(deed.program, deed.ms), { tree }), generation: ++generation };
        keeper.spawn(order, (answer) => {
          note(`spawn ${order.generation} ${answer.ok ? answer.value.index : answer.error.code}`);
          if (answer.ok) spawned.push(answer.value);
        });
        break;
      }
      case 'signal':
        if (ref === undefined) break;
        keeper.signal(ref, deed.signal, deed.scope, (answer) => {
          note(`signal ${ref.generation} ${answer.ok ? answer.value : answer.error.code}`);
        });
        break;
      case 'kill':
        if (ref !== undefined) keeper.kill(ref, (answer) => note(`kill ${ref.generation} ${answer.ok}`));
        break;
      case 'bury': {
        const entry = ref === undefined ? undefined : keeper.entry(ref);
        if (entry === undefined) break;
        keeper.acknowledge(entry, entry.state);
        keeper.free(entry, (answer) => {
          /* A second request for the same entry finds it given back. */
          expect(answer.ok).toBe(entry.state === 'empty' && !freed.has(entry.generation));
          if (answer.ok) freed.add(entry.generation);
          note(`free ${entry.generation} ${answer.ok}`);
        });
        break;
      }
      case 'refuse':
        control.refuseNext('spawn', 'EAGAIN', 'fork');
        break;
      case 'restart':
        control.killArchond();
        note(`told ${rig.told.join()}`);
        rig.sys = control.startArchond();
        rig.told = [];
        rig.greet();
        control.advanceMs(control.keeper.settings.askDelayMs);
        break;
      case 'step':
        control.step();
        break;
      case 'hangup':
        control.signalKeeper(SIGHUP);
        break;
      case 'advance':
        control.advanceMs(deed.ms);
        break;
      case 'slow':
        control.keeper.settings.tellDelayMs = deed.ms;
        control.keeper.settings.minderMs = deed.ms % 5;
        break;
    }
  };

  for (const deed of history) {
    act(deed);
    look();
  }
  control.advanceMs(10);
  for (const entry of rig.sys.keeper.entries()) rig.sys.keeper.kill(entry, () => undefined);
  expect(control.runUntilQuiet()).toBe(true);
  look();
  for (const entry of rig.sys.keeper.entries()) {
    expect(entry.state).toBe('empty');
    note(`${entry.generation} ${entry.pid} ${JSON.stringify(entry.end)} at ${entry.endedAtMs ?? -1}`);
    rig.sys.keeper.acknowledge(entry, 'empty');
    rig.must<number>((done) => rig.sys.keeper.free(entry, done));
  }
  expect(control.kernel.processes.size).toBe(0);
  expect(control.openDescriptors()).toEqual([]);
  note(`told ${rig.told.join()}`);
  return seen;
}

describe('a history', () => {
  it('keeps the promises of the table at every step, and leaves nothing behind', () => {
    fc.assert(
      fc.property(deeds, (history) => play(history).length > 0),
      { numRuns: 300 },
    );
  });

  it('is the same each time it is played', () => {
    fc.assert(
      fc.property(deeds, (history) => {
        expect(play(history)).toEqual(play(history));
      }),
      { numRuns: 100 },
    );
  });

  it('has the chances of its seed', () => {
    const chances = (seed: number): readonly number[] => {
      const { sys, control } = new Rig({ seed });
      const first = [sys.chance(), sys.chance(), sys.chance()];
      control.seed(seed);
      expect([sys.chance(), sys.chance(), sys.chance()]).toEqual(first);
      return first;
    };
    expect(chances(5)).toEqual(chances(5));
    expect(chances(5)).not.toEqual(chances(6));
  });

  it('has a wall clock that can be set, and a monotonic one that cannot', () => {
    const { sys, control } = new Rig({ startMs: 5000 });
    const before = sys.clock.realtimeNs();
    control.advanceMs(1.5);
    expect(sys.clock.realtimeNs() - before).toBe(1_500_000n);
    control.stepWallClockMs(-3_600_000);
    expect(sys.clock.realtimeNs() - before).toBe(1_500_000n - 3_600_000_000_000n);
    expect(sys.clock.monotonicMs()).toBe(5001.5);
  });

  it('that never comes to rest is left after the limit', () => {
    const { sys, control } = new Rig();
    let beats = 0;
    const beat = (): void => {
      beats += 1;
      sys.timers.at(sys.clock.monotonicMs() + 1000, beat);
    };
    beat();
    const startMs = control.nowMs();
    expect(control.runUntilQuiet(10_000)).toBe(false);
    expect([beats, control.nowMs() - startMs]).toEqual([11, 10_000]);
  });
});
