import { describe, expect, test } from 'vitest';
import { nextRestart, NO_RESTARTS, type RestartHistory } from '../../src/supervisor/backoff.ts';
import type { End } from '../../src/supervisor/state.ts';
import { restartPolicy, type RestartPolicy } from '../../src/supervisor/unit.ts';
import {
  BAD,
  backoffDue,
  emptied,
  exited,
  GOOD,
  RESTART,
  restarting,
  START,
  STOP,
  stopFor,
  Story,
} from './units.ts';

const NO_TIMER = { kind: 'cancel-timer', timer: 'backoff' } as const;

/** The delays of so many restarts that follow each other, each after running `ranMs`. */
function delays(policy: RestartPolicy, count: number, ranMs = 0, chance = 0.5): number[] {
  const found: number[] = [];
  let history: RestartHistory = NO_RESTARTS;
  for (let i = 0; i < count; i++) {
    const next = nextRestart(policy, history, ranMs, 0, chance);
    if (next.kind === 'give-up') break;
    found.push(next.delayMs);
    history = next.history;
  }
  return found;
}

describe('the delays between restarts', () => {
  const policy = restartPolicy('always');

  test('are none for the first, then the delay, growing by the factor', () => {
    expect(delays(policy, 6)).toEqual([0, 100, 200, 400, 800, 1600]);
    expect(delays({ ...policy, delayMs: 7, factor: 3 }, 5)).toEqual([0, 7, 21, 63, 189]);
    expect(delays({ ...policy, factor: 1 }, 4)).toEqual([0, 100, 100, 100]);
  });

  test('never grow beyond the longest, not even by jitter or after ten thousand restarts', () => {
    const many = delays({ ...policy, jitter: 1 }, 10_000, 0, 0.999);
    expect(Math.max(...many)).toBe(3_600_000);
    expect(many.at(-1)).toBe(3_600_000);
  });

  test('are changed by the jitter, up and down, by as much as it says', () => {
    expect(delays(policy, 3, 0, 0)).toEqual([0, 90, 180]);
    expect(delays(policy, 3, 0, 1).map(Math.round)).toEqual([0, 110, 220]);
    expect(delays({ ...policy, jitter: 0 }, 3, 0, 0)).toEqual([0, 100, 200]);
  });

  test('begin anew after it has run for long enough, and not a millisecond before', () => {
    expect(delays(policy, 4, 10_000)).toEqual([0, 0, 0, 0]);
    expect(delays(policy, 4, 9_999)).toEqual([0, 100, 200, 400]);
  });

  test('are all none where none is wanted, however often it is restarted', () => {
    expect(new Set(delays({ ...policy, delayMs: 0 }, 3_000))).toEqual(new Set([0]));
  });

  test('end where the limit is reached, and go on when what was counted is long enough ago', () => {
    const limited = { ...policy, limit: { count: 3, withinMs: 1000 } };
    expect(delays(limited, 10)).toHaveLength(3);
    const history = { attempt: 3, restarts: 3, recentAtMs: [0, 500, 900] };
    expect(nextRestart(limited, history, 0, 999, 0.5).kind).toBe('give-up');
    expect(nextRestart(limited, history, 0, 1000, 0.5)).toMatchObject({
      kind: 'restart',
      history: { restarts: 4, recentAtMs: [500, 900, 1000] },
    });
  });

  test('are not asked for where no restart is allowed', () => {
    expect(delays({ ...policy, limit: { count: 0, withinMs: 1000 } }, 1)).toEqual([]);
  });

  test('remember no more instants than the limit looks back at', () => {
    expect(delays(policy, 100)).toHaveLength(100);
    const next = nextRestart(policy, NO_RESTARTS, 0, 5, 0.5);
    expect(next).toMatchObject({ history: { recentAtMs: [] } });
  });
});

describe('whether a unit that has ended is started again', () => {
  const killed: End = { kind: 'signalled', signal: 11, core: true };
  const answers = [
    ['never', GOOD, 'finished'],
    ['never', BAD, 'failed'],
    ['never', killed, 'failed'],
    ['on-failure', GOOD, 'finished'],
    ['on-failure', BAD, 'starting'],
    ['on-failure', killed, 'starting'],
    ['on-failure', { kind: 'unknown' }, 'starting'],
    ['always', GOOD, 'starting'],
    ['always', BAD, 'starting'],
  ] as const;
  test.each(answers)('with restart: %s after %o makes it %s', (policy, end, kind) => {
    const story = new Story(restarting(policy)).tell(START).run().end(end);
    expect(story.state.kind).toBe(kind);
    expect(story.unit.desired).toBe(kind === 'starting' ? 'up' : 'down');
    expect(story.unit.lastEnd).toEqual(end);
    const told = { finished: [{ kind: 'finished', end }], failed: [{ kind: 'failed', reason: 'exit', end }] };
    expect(story.told).toEqual(kind === 'starting' ? [] : told[kind]);
  });
});

describe('a unit that fails again and again', () => {
  const failing = (): Story => new Story(restarting('on-failure')).tell(START).run().end(BAD).run();

  test('waits before its second restart, says how long, and is started when that is over', () => {
    const story = failing();
    story.later(30, exited(BAD, 2), emptied(2));
    expect(story.state).toEqual({ kind: 'backoff', untilAtMs: 130, end: BAD });
    expect(story.unit.desired).toBe('up');
    expect(story.told).toEqual([{ kind: 'backoff', delayMs: 100, attempt: 2 }]);
    const due = { kind: 'backoff-due', generation: 2 };
    expect(story.effects).toEqual([{ kind: 'set-timer', timer: 'backoff', atMs: 130, due }]);
    story.later(100, backoffDue(2));
    expect(story.effects).toEqual([{ kind: 'spawn', generation: 3 }]);
    expect(story.unit.history).toMatchObject({ attempt: 2, restarts: 2 });
  });

  test('is started at once by an order, which also forgets the delays', () => {
    for (const order of [START, RESTART]) {
      const story = failing().end(BAD).tell(order);
      expect(story.effects).toEqual([NO_TIMER, { kind: 'spawn', generation: 3 }]);
      expect(story.unit.history).toEqual(NO_RESTARTS);
    }
  });

  test('is not started any more when it is stopped while it waits', () => {
    for (const reason of ['requested', 'shutdown'] as const) {
      const story = failing().end(BAD).tell(stopFor(reason));
      expect(story.unit).toMatchObject({ state: { kind: 'stopped' }, desired: 'down' });
      expect(story.effects).toEqual([NO_TIMER]);
      expect(story.told).toEqual([{ kind: 'stopped', reason }]);
      expect(story.tell(backoffDue(2)).why).toBe('the order to stop came first');
    }
  });

  test('is not started early by the end of an earlier wait that is told late', () => {
    const story = failing().end(BAD).tell(backoffDue(2)).run().end(BAD);
    expect(story.state.kind).toBe('backoff');
    expect(story.tell(backoffDue(2)).why).toBe('its generation is over');
  });

  test('starts without delay again once it has run for long enough', () => {
    const story = failing().later(10_000);
    expect(story.end(BAD).effects).toEqual([{ kind: 'spawn', generation: 3 }]);
    expect(story.unit.history).toMatchObject({ attempt: 1, restarts: 2 });
  });

  test('has failed when it passes its limit, and an order starts it all the same', () => {
    const spec = restarting('always', { limit: { count: 1, withinMs: 60_000 } });
    const story = new Story(spec).tell(START).run().end(BAD).run().end(BAD);
    expect(story.state).toEqual({ kind: 'failed', reason: 'restart-limit', end: BAD });
    expect(story.tell(START).run().end(BAD).state.kind).toBe('starting');
  });

  test('is never started again after a stop that was asked for, however it ends', () => {
    for (const end of [GOOD, BAD]) {
      const story = new Story(restarting('always')).tell(START).run().tell(STOP).end(end);
      expect(story.state.kind).toBe('stopped');
    }
  });
});
