import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adoptedUnit } from '../../src/supervisor/adopt.ts';
import { byRequest, causedBy, NO_CAUSE, type Cause } from '../../src/supervisor/cause.ts';
import type { UnitEvent } from '../../src/supervisor/event.ts';
import type { Unit } from '../../src/supervisor/transition.ts';
import type { UnitSpec } from '../../src/supervisor/unit.ts';
import { world } from './arbitraries.ts';
import {
  BAD,
  daemon,
  emptied,
  executed,
  exited,
  NO_SUCH_FILE,
  refused,
  restarting,
  spawned,
  startFor,
  stopFor,
  Story,
  timeOver,
} from './units.ts';
import type { Entry } from './world.ts';

const ANN = byRequest(1000, 11, 'StartDaemon');
const BOB = byRequest(1001, 22, 'Stop');
const EVE = byRequest(1002, 33, 'Start');
const start = startFor(ANN);
const stop = stopFor('requested', BOB);

/** What is told, each with its number and why: `2 running 1 StartDaemon`. */
class Told extends Story {
  readonly lines: string[] = [];

  constructor(unit: Unit | UnitSpec = daemon()) {
    super(unit);
  }

  override tell(...events: readonly UnitEvent[]): this {
    for (const event of events) {
      let sequence = this.nextSequence;
      super.tell(event);
      for (const effect of this.allEffects) {
        if (effect.kind !== 'tell') continue;
        const { event: number, request } = effect.cause ?? NO_CAUSE;
        const verb = request !== undefined && 'verb' in request ? request.verb : '-';
        this.lines.push(`${sequence} ${effect.event.kind} ${number ?? '-'} ${verb}`);
        sequence += 1;
      }
    }
    return this;
  }
}

describe('what is told of a unit', () => {
  test('goes back to the order to start, and what follows a stop to that', () => {
    const told = new Told().tell(start).run().tell(stop).end(BAD);
    expect(told.lines).toEqual([
      '1 starting - StartDaemon',
      '2 running 1 StartDaemon',
      '3 stopping - Stop',
      '4 exited 3 Stop',
      '5 stopped 4 Stop',
    ]);
  });

  test('has no cause where it ended by itself, and is what is done about it then', () => {
    const told = new Told(restarting('always')).tell(start).run().end(BAD).run().end(BAD);
    expect(told.lines.slice(2)).toEqual([
      '3 exited - -',
      '4 starting 3 -',
      '5 running 4 -',
      '6 exited - -',
      '7 backoff 6 -',
    ]);
    expect(told.later(1000, { kind: 'backoff-due', generation: 2 }).run().lines.slice(7)).toEqual([
      '8 starting 7 -',
      '9 running 8 -',
    ]);
  });

  test('is caused by the start where that could not come to a program', () => {
    const told = new Told().tell(start, spawned(), exited(NO_SUCH_FILE), emptied());
    expect(told.lines).toEqual([
      '1 starting - StartDaemon',
      '2 exited 1 StartDaemon',
      '3 failed 2 StartDaemon',
    ]);
    expect(new Told().tell(start, refused(NO_SUCH_FILE)).lines).toEqual(['1 failed - StartDaemon']);
  });

  test('keeps the start apart from the end where both are told at once', () => {
    const told = new Told().tell(start, spawned(), exited(BAD));
    expect(told.lines).toEqual(['1 starting - StartDaemon', '2 running 1 StartDaemon', '3 exited - -']);
  });

  test('is caused by the start where the time of a Run is over', () => {
    const told = new Told(daemon({ origin: 'run', timeoutMs: 50 })).tell(start).run().tell(timeOver());
    expect(told.lines.at(-1)).toBe('3 stopping 2 StartDaemon');
  });

  test('takes the cause of an order that has waited for the way down', () => {
    const again = new Told().tell(start).run().tell(stop, startFor(EVE)).end(BAD).run();
    expect(again.lines.slice(2)).toEqual([
      '3 stopping - Stop',
      '4 exited 3 Stop',
      '5 starting 4 Start',
      '6 running 5 Start',
    ]);
    const thirdThought = new Told().tell(start).run().tell(stop, startFor(EVE), stopFor('shutdown', ANN));
    expect(thirdThought.end(BAD).lines.at(-1)).toBe('5 stopped 4 StartDaemon');
  });

  test('takes that of an order which came while what was left behind was killed', () => {
    const ended = new Told().tell(start).run().tell(exited(BAD));
    expect(ended.tell(startFor(EVE), emptied()).run().lines.at(-2)).toBe('4 starting 3 Start');
    const stopped = new Told().tell(start).run().tell(exited(BAD)).tell(stop, emptied());
    expect(stopped.lines.at(-1)).toBe('4 stopped 3 Stop');
  });

  test('goes on from what was told before the supervisor died', () => {
    const found = { generation: 7, pid: 70, startedAtMs: 0, end: BAD, cause: causedBy(5) } as const;
    const told = new Told(adoptedUnit(restarting('always'), { ...found, stage: 'ended' }));
    told.nextSequence = 9;
    expect(told.tell(emptied(7), spawned(8), executed(8)).lines).toEqual([
      '9 starting 5 -',
      '10 running 9 -',
    ]);
  });

  test('passes on the event that another unit was brought down by', () => {
    const need = new Told().tell(start).run().tell(stop);
    const dependent = new Told().tell(start).run().tell(stopFor('requested', need.unit.cause));
    expect(dependent.lines.at(-1)).toBe('3 stopping 3 Stop');
  });
});

interface Line {
  readonly sequence: number;
  readonly kind: string;
  readonly cause: Cause;
  readonly entry: Entry;
}

function linesOf(entries: readonly Entry[]): Line[] {
  return entries.flatMap((entry) => {
    let sequence = entry.moment.nextSequence;
    return entry.step.effects.flatMap((effect): Line[] => {
      if (effect.kind !== 'tell') return [];
      sequence += 1;
      return [{ sequence: sequence - 1, kind: effect.event.kind, cause: effect.cause ?? NO_CAUSE, entry }];
    });
  });
}

describe('in any history', () => {
  test('each event is caused by the one before, by an order, or by nothing where it ended by itself', () => {
    const property = fc.property(world, ({ entries }) => {
      for (const { sequence, kind, cause, entry } of linesOf(entries)) {
        if (cause.event !== undefined) expect(cause.event).toBe(sequence - 1);
        else if (cause.request === undefined) expect(kind).toBe('exited');
        const { event } = entry;
        /* What is told in the very step of an order is caused by that order. */
        if ('cause' in event) expect(cause.request).toEqual(event.cause.request);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('no request is named before it was made, and none that was refused', () => {
    const property = fc.property(world, ({ entries }) => {
      for (const { cause, entry } of linesOf(entries)) {
        if (cause.request === undefined || 'rule' in cause.request) continue;
        /* The world gives each order the place of its entry as the client's pid. */
        const order = entries[cause.request.pid];
        expect(order?.step.verdict).toBe('move');
        expect(cause.request.pid).toBeLessThanOrEqual(entries.indexOf(entry));
      }
    });
    fc.assert(property, { numRuns: 100 });
  });
});
