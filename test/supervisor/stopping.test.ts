import { describe, expect, test } from 'vitest';
import type { OrderReason } from '../../src/supervisor/event.ts';
import {
  BAD,
  emptied,
  executed,
  exited,
  GOOD,
  NO_SUCH_FILE,
  notExecuted,
  refused,
  RESTART,
  restarting,
  scoped,
  spawned,
  START,
  STOP,
  stopDue,
  stopFor,
  Story,
  timeOver,
} from './units.ts';

const TERM = { kind: 'signal', generation: 1, signal: 15, scope: 'main' } as const;
const KILL = { kind: 'kill', generation: 1 } as const;
const NO_STOP_TIMER = { kind: 'cancel-timer', timer: 'stop' } as const;
const NO_TIME_TIMER = { kind: 'cancel-timer', timer: 'time' } as const;

function running(spec = scoped('mixed')): Story {
  return new Story(spec).tell(START).run();
}

describe('the stop ladder', () => {
  test('begins with the signal to the main process, and patience', () => {
    const story = running().later(50, STOP);
    const due = { kind: 'stop-due', generation: 1 };
    const timer = { kind: 'set-timer', timer: 'stop', atMs: 10_050, due };
    expect(story.effects).toEqual([NO_TIME_TIMER, timer, TERM]);
    expect(story.told).toEqual([{ kind: 'stopping', generation: 1, reason: 'requested' }]);
    expect(story.unit.desired).toBe('down');
    expect(story.state).toMatchObject({
      kind: 'stopping',
      generation: 1,
      pid: 100,
      rung: 'signal',
      deadlineAtMs: 10_050,
      end: undefined,
      reason: 'requested',
    });
  });

  test('sends the signal that the unit wants, to all of the tree where that is the scope', () => {
    const spec = { ...scoped('tree'), stop: { signal: 2, timeoutMs: 1, scope: 'tree' } as const };
    expect(running(spec).tell(STOP).effects).toContainEqual({ ...TERM, signal: 2, scope: 'tree' });
  });

  test('ends with SIGKILL to the whole tree when the patience is over', () => {
    for (const scope of ['mixed', 'tree'] as const) {
      const story = running(scoped(scope)).tell(STOP, stopDue());
      expect(story.effects).toEqual([NO_STOP_TIMER, KILL]);
      expect(story.state).toMatchObject({ kind: 'stopping', rung: 'kill' });
    }
  });

  test('with scope main kills the main process, and what it leaves behind when that has ended', () => {
    const story = running(scoped('main')).tell(STOP, stopDue());
    expect(story.effects).toEqual([NO_STOP_TIMER, { ...TERM, signal: 9 }]);
    expect(story.tell(exited({ kind: 'signalled', signal: 9, core: false })).effects).toContainEqual(KILL);
  });

  test('kills at once what is left when the main process has followed the signal', () => {
    for (const scope of ['main', 'mixed'] as const) {
      const story = running(scoped(scope)).tell(STOP, exited(GOOD));
      expect(story.effects).toEqual([NO_STOP_TIMER, KILL]);
      expect(story.told).toEqual([{ kind: 'exited', generation: 1, pid: 100, end: GOOD }]);
    }
  });

  test('with scope tree leaves the others the rest of the patience, and no more', () => {
    const story = running(scoped('tree')).tell(STOP, exited(GOOD));
    expect(story.effects).toEqual([]);
    expect(story.state).toMatchObject({ rung: 'signal', end: GOOD });
    expect(story.tell(exited(BAD)).why).toBe('told again');
    expect(story.tell(stopDue()).effects).toEqual([NO_STOP_TIMER, KILL]);
  });

  test('is not climbed twice', () => {
    expect(running().tell(STOP, stopDue(), stopDue()).why).toBe('it is being killed');
    expect(running().tell(STOP, exited(GOOD), stopDue()).why).toBe('it is being killed');
  });

  test('is over when nothing of the tree is left, not before', () => {
    const story = running().tell(STOP, exited(BAD));
    expect(story.state.kind).toBe('stopping');
    story.tell(emptied());
    expect(story.unit).toMatchObject({ state: { kind: 'stopped' }, desired: 'down', lastEnd: BAD });
    expect(story.told).toEqual([{ kind: 'stopped', reason: 'requested' }]);
    expect(story.effects).toEqual([NO_STOP_TIMER]);
  });

  test('is over at once when end and emptiness are told together, in every scope', () => {
    for (const scope of ['main', 'mixed', 'tree'] as const) {
      const story = running(scoped(scope)).tell(STOP, exited(GOOD), emptied());
      expect([story.state.kind, story.effects]).toEqual(['stopped', [NO_STOP_TIMER]]);
    }
  });

  test('minds neither a time limit that ends nor an exec that is told meanwhile', () => {
    expect(running().tell(STOP, timeOver()).why).toBe('it is being stopped');
    expect(new Story().tell(START, spawned(), STOP, executed()).why).toBe('it is being stopped');
  });
});

describe('a stop that comes before the process has a pid', () => {
  test('sends the signal as soon as it has one', () => {
    const story = new Story().tell(START, STOP);
    expect(story.effects.map((effect) => effect.kind)).toEqual(['cancel-timer', 'set-timer']);
    expect(story.tell(spawned()).effects).toEqual([TERM]);
    expect(story.told).toEqual([]);
    expect(story.tell(exited(BAD), emptied()).state.kind).toBe('stopped');
  });

  test('kills it as soon as it has one where the patience was over first', () => {
    for (const [scope, effect] of [
      ['mixed', KILL],
      ['tree', KILL],
      ['main', { ...TERM, signal: 9 }],
    ] as const) {
      const story = new Story(scoped(scope)).tell(START, STOP, stopDue());
      expect(story.effects).toEqual([NO_STOP_TIMER]);
      expect(story.tell(spawned()).effects).toEqual([effect]);
    }
  });

  test('is over where the spawn is refused', () => {
    const end = notExecuted('fork', 'EAGAIN');
    const story = new Story().tell(START, STOP, refused(end));
    expect(story.unit).toMatchObject({ state: { kind: 'stopped' }, lastEnd: end });
    expect(story.effects).toEqual([NO_STOP_TIMER]);
  });

  test('that is a restart tries again where the spawn is refused', () => {
    const story = new Story().tell(START, RESTART, refused(BAD));
    expect(story.effects).toEqual([NO_STOP_TIMER, { kind: 'spawn', generation: 2 }]);
  });
});

describe('an order that crosses a stop', () => {
  test('to start is carried out when the stop is over', () => {
    const story = running().tell(STOP, START);
    expect(story.unit.desired).toBe('up');
    expect(story.effects).toEqual([]);
    expect(story.tell(START).why).toBe('it will be started');
    expect(story.tell(exited(GOOD), emptied()).effects).toEqual([
      NO_STOP_TIMER,
      { kind: 'spawn', generation: 2 },
    ]);
  });

  test('to stop after all takes the start back', () => {
    const story = running().tell(STOP, START, STOP);
    expect([story.verdict, story.unit.desired]).toEqual(['move', 'down']);
    expect(story.tell(exited(GOOD), emptied()).state.kind).toBe('stopped');
  });

  test('to stop again changes nothing', () => {
    expect(running().tell(STOP, STOP).why).toBe('it is being stopped');
  });

  const crossings: readonly (readonly [OrderReason, OrderReason, OrderReason, 'up' | 'down'])[] = [
    ['restart', 'requested', 'requested', 'down'],
    ['restart', 'shutdown', 'shutdown', 'down'],
    ['requested', 'restart', 'requested', 'up'],
    ['requested', 'shutdown', 'requested', 'down'],
    ['timed-out', 'client-gone', 'timed-out', 'down'],
    ['client-gone', 'shutdown', 'client-gone', 'down'],
  ];
  test.each(crossings)('for %s, and then one for %s: the cause is %s and it is to be %s', (...words) => {
    const [first, second, cause, desired] = words;
    const story = running().tell(stopFor(first), stopFor(second));
    expect(story.state).toMatchObject({ kind: 'stopping', reason: cause });
    expect(story.unit.desired).toBe(desired);
    story.tell(exited(GOOD), emptied());
    expect(story.told).toEqual(desired === 'down' ? [{ kind: 'stopped', reason: cause }] : []);
    expect(story.state.kind).toBe(desired === 'down' ? 'stopped' : 'starting');
  });

  test('to restart brings it down and up again with a new generation, with nothing in between', () => {
    const story = running().tell(RESTART);
    expect(story.told).toEqual([{ kind: 'stopping', generation: 1, reason: 'restart' }]);
    expect(story.unit.desired).toBe('up');
    story.tell(exited(GOOD), emptied()).run();
    expect(story.state).toMatchObject({ kind: 'running', generation: 2 });
  });
});

describe('a unit whose main process has ended by itself', () => {
  test('has what is left of its tree killed before anything else', () => {
    const story = new Story(restarting('always')).tell(START).run().later(20, exited(BAD));
    expect(story.effects).toEqual([NO_TIME_TIMER, KILL]);
    expect(story.state).toEqual({ kind: 'clearing', generation: 1, end: BAD, ranMs: 20, again: false });
    expect(story.told).toEqual([{ kind: 'exited', generation: 1, pid: 100, end: BAD }]);
  });

  test('is started when that is done where an order came meanwhile, even if it would not be by itself', () => {
    const story = running().tell(exited(NO_SUCH_FILE), START);
    expect(story.effects).toEqual([]);
    expect(story.tell(START).why).toBe('it will be started');
    expect(story.tell(emptied()).effects).toEqual([{ kind: 'spawn', generation: 2 }]);
  });

  test('is not started when it was asked to stop meanwhile, not even after an order to start', () => {
    for (const orders of [[STOP], [START, STOP]]) {
      const story = new Story(restarting('always'))
        .tell(START)
        .run()
        .tell(exited(BAD), ...orders);
      expect(story.state).toMatchObject({ kind: 'stopping', rung: 'kill', end: BAD });
      expect(story.tell(emptied()).state.kind).toBe('stopped');
    }
  });

  test('is restarted by an order that comes meanwhile', () => {
    const story = running().tell(exited(BAD), RESTART);
    expect(story.unit.desired).toBe('up');
    expect(story.tell(emptied()).state).toMatchObject({ kind: 'starting', generation: 2 });
  });

  test('minds no time limit that ends meanwhile', () => {
    expect(running().tell(exited(BAD), timeOver()).why).toBe('it has ended');
  });
});
