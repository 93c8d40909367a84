import { describe, expect, test } from 'vitest';
import { causedBy, NO_CAUSE } from '../../src/supervisor/cause.ts';
import type { UnitEvent } from '../../src/supervisor/event.ts';
import { besideSpec, endsWithBoth, mayBeReplaced, retired } from '../../src/supervisor/replace.ts';
import { newUnit, type Unit } from '../../src/supervisor/transition.ts';
import { isFrozen } from './frozen.ts';
import {
  BAD,
  commandEnded,
  emptied,
  executed,
  exited,
  GOOD,
  NEED_LOST,
  NO_SUCH_FILE,
  probed,
  ready,
  readyDue,
  refused,
  replaced,
  restarting,
  RESTART,
  spawned,
  START,
  STOP,
  stopFor,
  Story,
  unhealthy,
} from './units.ts';

const UP = [START, spawned(), executed(), ready()];

/** The unit and what stands beside it, after a replacement by generation 2 while it was where the story has come to. */
function exchanged(story: Story): { readonly unit: Story; readonly beside: Story } {
  const beside = new Story(retired(story.unit));
  return { unit: story.tell(replaced(true)), beside };
}

/** What stands beside a unit while its replacement is under way. */
function replacement(...events: readonly UnitEvent[]): Story {
  const story = new Story(newUnit(besideSpec(probed({ restart: restarting('always').restart }))));
  return story.tell(START, ...events);
}

describe('a unit that is replaced', () => {
  test('goes on running, as another generation, and tells nothing of its own', () => {
    const { unit } = exchanged(new Story(probed()).tell(...UP));
    expect(unit.state).toEqual({ kind: 'running', generation: 2, pid: 200, main: 'first', readyAtMs: 0 });
    expect(unit.unit).toMatchObject({ generation: 2, desired: 'up' });
    expect(unit.effects).toEqual([]);
    /* What is late of the generation before is late. */
    expect(unit.tell(exited(BAD), emptied(), unhealthy(), commandEnded(true)).state.kind).toBe('running');
  });

  test('forgets what went wrong before, as after every order to start', () => {
    const story = new Story(restarting('always')).tell(START).run().end(BAD).run();
    expect(story.unit.history.restarts).toBe(1);
    const generation = story.unit.generation;
    expect(story.tell(replaced(true, generation, generation + 1)).unit.history.restarts).toBe(0);
  });

  test('goes on with what was told of the other generation as its cause', () => {
    const story = new Story(probed()).tell(...UP);
    const event = replaced(true);
    if (event.kind !== 'replaced') throw new Error('it is');
    story.tell({ ...event, told: causedBy(17) });
    expect(story.unit.cause).toEqual(causedBy(17));
  });

  test('is starting where its own process has ended and the other one is not ready yet, and says so', () => {
    const story = new Story(probed()).tell(...UP, exited(BAD), replaced(false));
    expect(story.state).toMatchObject({ kind: 'starting', generation: 2, pid: 200 });
    expect(story.told).toEqual([{ kind: 'starting', generation: 2, pid: 200 }]);
    expect(story.tell(ready(2)).state.kind).toBe('running');
    expect(story.unit.lastEnd).toEqual(BAD);
  });

  test('may be so until it is stopped for somebody', () => {
    const unitAfter = (...events: readonly UnitEvent[]): Unit =>
      new Story(probed()).tell(...UP, ...events).unit;
    for (const unit of [unitAfter(), unitAfter(exited(BAD)), unitAfter(unhealthy())]) {
      expect(mayBeReplaced(unit)).toBe(true);
      expect(endsWithBoth(unit)).toBe(false);
    }
    for (const unit of [unitAfter(STOP), unitAfter(NEED_LOST), unitAfter(unhealthy(), STOP)]) {
      expect(mayBeReplaced(unit)).toBe(false);
      expect(endsWithBoth(unit)).toBe(true);
    }
    expect(mayBeReplaced(unitAfter(RESTART))).toBe(false);
    expect(mayBeReplaced(unitAfter(STOP, exited(GOOD), emptied()))).toBe(false);
    expect(mayBeReplaced(new Story(probed()).tell(START).unit)).toBe(false);
  });
});

describe('what has lost its place', () => {
  test('has the generation that the unit had, and is stopped as that would have been', () => {
    const { beside } = exchanged(new Story(probed()).tell(...UP));
    expect(isFrozen(beside.unit)).toBe(true);
    expect(beside.unit).toMatchObject({ generation: 1, state: { kind: 'running', pid: 100 } });
    beside.tell(stopFor('replaced'));
    expect(beside.told).toEqual([{ kind: 'stopping', generation: 1, reason: 'replaced' }]);
    expect(beside.effects).toContainEqual({ kind: 'signal', generation: 1, signal: 15, scope: 'main' });
    beside.tell(exited(GOOD));
    expect(beside.told).toEqual([{ kind: 'exited', generation: 1, pid: 100, end: GOOD }]);
    /* Where the unit stands is not for it to tell. */
    expect(beside.tell(emptied()).told).toEqual([]);
    expect(beside.state.kind).toBe('stopped');
  });

  test('is never started again, wherever it was', () => {
    for (const events of [[], [exited(BAD)], [unhealthy()], [unhealthy(), exited(BAD)]]) {
      const story = new Story(probed({ restart: restarting('always').restart })).tell(...UP, ...events);
      const { beside } = exchanged(story);
      beside.tell(stopFor('replaced'), exited(BAD), emptied());
      expect(beside.state.kind).toBe('stopped');
    }
  });
});

describe('what is to take the place of a generation', () => {
  test('tells of its processes only, and is not restarted, whatever the policy of the unit', () => {
    const story = replacement(spawned());
    expect(story.told).toEqual([{ kind: 'starting', generation: 1, pid: 100 }]);
    story.tell(executed(), exited(BAD));
    expect(story.told).toEqual([{ kind: 'exited', generation: 1, pid: 100, end: BAD }]);
    expect(story.tell(emptied()).told).toEqual([]);
    expect(story.state).toMatchObject({ kind: 'failed', reason: 'exit' });
    /* What is told next is caused by the last that was. */
    expect(story.unit.cause).toEqual({ event: 2, request: undefined });
  });

  test('has failed where it is not ready in time, or never comes to be', () => {
    const late = replacement(spawned(), executed(), readyDue(), exited(GOOD), emptied());
    expect(late.state).toMatchObject({ kind: 'failed', reason: 'not-ready' });
    expect(replacement(refused(NO_SUCH_FILE)).state.kind).toBe('failed');
  });

  test('ends with its unit', () => {
    const story = replacement(spawned(), executed(), stopFor('withdrawn', NO_CAUSE));
    expect(story.told).toEqual([{ kind: 'stopping', generation: 1, reason: 'withdrawn' }]);
    expect(story.tell(exited(GOOD), emptied()).state.kind).toBe('stopped');
  });
});
