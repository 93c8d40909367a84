import { describe, expect, test } from 'vitest';
import { restartPolicy } from '../../src/supervisor/unit.ts';
import { stay } from '../../src/supervisor/step.ts';
import { newUnit, transition } from '../../src/supervisor/transition.ts';
import {
  BAD,
  daemon,
  emptied,
  executed,
  exited,
  GOOD,
  NO_SUCH_FILE,
  notExecuted,
  refused,
  RESTART,
  restarting,
  spawned,
  START,
  STOP,
  stopFor,
  Story,
  timeOver,
} from './units.ts';

describe('a unit that is down', () => {
  test('is started by an order, with the generation that the moment lends', () => {
    const story = new Story().tell(START);
    expect(story.state).toMatchObject({ kind: 'starting', generation: 1, pid: undefined });
    expect(story.unit.desired).toBe('up');
    expect(story.effects).toEqual([{ kind: 'spawn', generation: 1 }]);
    expect(story.told).toEqual([]);
  });

  test('is started by a restart too, however it came to be down', () => {
    for (const story of [
      new Story(),
      new Story().tell(START).run().end(GOOD),
      new Story().tell(START).run().end(BAD),
    ]) {
      const { generation } = story.unit;
      expect(story.tell(RESTART).effects).toEqual([{ kind: 'spawn', generation: generation + 1 }]);
    }
  });

  test('has nothing to stop when it is stopped already', () => {
    const story = new Story().tell(STOP);
    expect([story.verdict, story.why]).toEqual(['ignore', 'it is stopped']);
  });

  test('is no longer failed or finished when a person has stopped it', () => {
    for (const end of [BAD, GOOD]) {
      const story = new Story().tell(START).run().end(end).tell(STOP);
      expect(story.state).toEqual({ kind: 'stopped' });
      expect(story.told).toEqual([{ kind: 'stopped', reason: 'requested' }]);
      expect(story.unit.lastEnd).toEqual(end);
    }
  });

  test('stays failed or finished where the supervisor would stop it for reasons of its own', () => {
    for (const reason of ['shutdown', 'client-gone', 'timed-out'] as const) {
      const story = new Story().tell(START).run().end(GOOD).tell(stopFor(reason));
      expect([story.verdict, story.state.kind]).toEqual(['ignore', 'finished']);
    }
  });

  test('forgets the restarts of its earlier life when it is started by an order', () => {
    const story = new Story(restarting('on-failure')).tell(START).run().end(BAD).run();
    expect(story.unit.history.restarts).toBe(1);
    expect(story.end(GOOD).tell(START).unit.history).toEqual({ attempt: 0, restarts: 0, recentAtMs: [] });
  });
});

describe('a unit that is starting', () => {
  test('has a pid when the keeper has answered, and others are told', () => {
    const story = new Story().tell(START, spawned());
    expect(story.state).toMatchObject({ kind: 'starting', generation: 1, pid: 100 });
    expect(story.told).toEqual([{ kind: 'starting', generation: 1, pid: 100 }]);
    expect(story.effects).toEqual([]);
  });

  test('is running once its exec has succeeded', () => {
    const story = new Story().tell(START, spawned()).later(3, executed());
    expect(story.state).toMatchObject({ kind: 'running', generation: 1, pid: 100, readyAtMs: 3 });
    expect(story.told).toEqual([{ kind: 'running', generation: 1, pid: 100 }]);
  });

  test('has its time limit counted from when the process exists', () => {
    const story = new Story(daemon({ origin: 'run', timeoutMs: 500 })).tell(START).later(7, spawned());
    const due = { kind: 'time-over', generation: 1 };
    expect(story.effects).toEqual([{ kind: 'set-timer', timer: 'time', atMs: 507, due }]);
  });

  test('is stopped when its time is over, before its exec as after it', () => {
    const spec = daemon({ origin: 'run', timeoutMs: 500 });
    for (const story of [new Story(spec).tell(START, spawned()), new Story(spec).tell(START).run()]) {
      story.tell(timeOver());
      expect(story.state).toMatchObject({ kind: 'stopping', reason: 'timed-out', rung: 'signal' });
      expect(story.unit.desired).toBe('down');
    }
  });

  test('that ended before its exec was told of is told to have run all the same', () => {
    const story = new Story().tell(START, spawned(), exited(GOOD));
    expect(story.told.map((event) => event.kind)).toEqual(['running', 'exited']);
    expect(story.effects).toContainEqual({ kind: 'kill', generation: 1 });
    expect(story.state).toMatchObject({ kind: 'clearing', ranMs: 0 });
  });

  test('whose program cannot be executed is never told to have run', () => {
    const story = new Story().tell(START, spawned(), exited(NO_SUCH_FILE));
    expect(story.told).toEqual([{ kind: 'exited', generation: 1, pid: 100, end: NO_SUCH_FILE }]);
  });

  test('has failed at once where nothing can execute its program, whatever the policy', () => {
    for (const policy of ['always', 'on-failure', 'never'] as const) {
      for (const code of ['ENOENT', 'EACCES', 'ENOEXEC']) {
        const end = notExecuted('exec', code);
        const story = new Story(restarting(policy)).tell(START, spawned()).end(end);
        expect(story.state).toEqual({ kind: 'failed', reason: 'cannot-execute', end });
        expect(story.effects).toEqual([]);
      }
    }
  });

  test('is tried again where another stage, or another errno, stood in the way', () => {
    for (const end of [notExecuted('cwd', 'ENOENT'), notExecuted('exec', 'ETXTBSY')]) {
      const story = new Story(restarting('on-failure')).tell(START, spawned()).end(end);
      expect(story.effects).toEqual([{ kind: 'spawn', generation: 2 }]);
    }
  });

  test('has failed as one that cannot execute, not as one that ended, where no stage let it through', () => {
    const story = new Story().tell(START, spawned()).end(notExecuted('user', 'EPERM'));
    expect(story.state).toMatchObject({ kind: 'failed', reason: 'cannot-execute' });
  });

  test('that is refused has failed with what the keeper said', () => {
    const end = notExecuted('fork', 'EAGAIN');
    const story = new Story().tell(START, refused(end));
    expect(story.state).toEqual({ kind: 'failed', reason: 'cannot-spawn', end });
    expect(story.unit).toMatchObject({ desired: 'down', lastEnd: end });
    expect(story.told).toEqual([{ kind: 'failed', reason: 'cannot-spawn', end }]);
  });

  test('that is refused is tried again after growing delays where it is to be restarted', () => {
    const end = notExecuted('fork', 'EAGAIN');
    const story = new Story(restarting('on-failure')).tell(START, refused(end));
    expect(story.effects).toEqual([{ kind: 'spawn', generation: 2 }]);
    expect(story.tell(refused(end, 2)).state).toEqual({ kind: 'backoff', untilAtMs: 100, end });
    expect(story.unit.lastEnd).toEqual(end);
  });

  test('is given up where nobody knows any more how it is made, whatever its policy', () => {
    const end = notExecuted('request', 'ENODATA');
    for (const policy of ['never', 'on-failure', 'always'] as const) {
      const story = new Story(restarting(policy)).tell(START, refused(end));
      expect(story.state).toEqual({ kind: 'failed', reason: 'cannot-spawn', end });
    }
  });

  test('is not started a second time by a second order', () => {
    expect(new Story().tell(START, START).why).toBe('it is starting');
    expect(new Story().tell(START).run().tell(START).why).toBe('it is running');
  });
});

describe('an event of a generation', () => {
  test('that is over is ignored in every state, whatever it is', () => {
    const spec = restarting('always');
    const second = (): Story => new Story(spec).tell(START).run().end(BAD);
    for (const story of [
      second(),
      second().run(),
      second().run().tell(STOP),
      second().run().tell(exited(BAD, 2)),
      second().run().end(BAD),
    ]) {
      for (const late of [spawned(), refused(BAD), executed(), exited(BAD), emptied(), timeOver()]) {
        expect(story.tell(late).why).toBe('its generation is over');
      }
    }
  });

  test('that nobody asked for is impossible and changes nothing', () => {
    const unit = newUnit(daemon());
    const step = transition(unit, exited(BAD, 5), { atMs: 0, chance: 0, nextGeneration: 1, nextSequence: 1 });
    expect(step).toEqual(stay('impossible', unit, 'its generation was never asked for'));
    expect(step.unit).toBe(unit);
  });

  test('may be told again as often as the keeper likes', () => {
    const story = new Story().tell(START).run();
    expect(story.tell(executed()).why).toBe('told again');
    expect(story.tell(exited(BAD), exited(BAD)).why).toBe('told again');
    expect(story.tell(executed()).why).toBe('its end was told before its exec');
    expect(story.tell(emptied(), emptied()).why).toBe('nothing of it is left');
    expect(story.state.kind).toBe('failed');
  });

  test('cannot come before what it follows', () => {
    const at = { atMs: 0, chance: 0, nextGeneration: 2, nextSequence: 1 };
    const unanswered = new Story().tell(START).unit;
    for (const early of [executed(), exited(BAD), emptied()])
      expect(transition(unanswered, early, at).verdict).toBe('impossible');
    for (const story of [
      new Story().tell(START, spawned()),
      new Story().tell(START).run(),
      new Story().tell(START).run().tell(STOP),
    ])
      for (const wrong of [emptied(), spawned(), refused(BAD)])
        expect(transition(story.unit, wrong, at).verdict).toBe('impossible');
  });
});

describe('a process that is only watched', () => {
  const watched = daemon({ origin: 'watched', restart: restartPolicy('always') });

  test('takes no orders', () => {
    for (const order of [START, STOP, RESTART, stopFor('shutdown')])
      expect(new Story(watched).tell(order).why).toBe('it is only watched');
  });
});
