import { describe, expect, test } from 'vitest';
import { adoptedUnit, adoptionEffects, type Found } from '../../src/supervisor/adopt.ts';
import { NO_CAUSE } from '../../src/supervisor/cause.ts';
import type { Effect } from '../../src/supervisor/effect.ts';
import { OPEN_GATE } from '../../src/supervisor/gate.ts';
import { liveGeneration, publicState } from '../../src/supervisor/state.ts';
import type { UnitSpec } from '../../src/supervisor/unit.ts';
import {
  BAD,
  daemon,
  emptied,
  executed,
  exited,
  GOOD,
  NO_SUCH_FILE,
  restarting,
  START,
  STOP,
  Story,
} from './units.ts';

const found = (stage: Found['stage'], end?: Found['end']): Found => ({
  generation: 7,
  pid: 70,
  startedAtMs: 1000,
  stage,
  end,
  cause: NO_CAUSE,
});

/** What is set going for one that is found so. */
function effectsOf(spec: UnitSpec, stage: Found['stage']): readonly Effect[] {
  return adoptionEffects(adoptedUnit(spec, found(stage)), found(stage));
}

describe('a process that was there before the supervisor', () => {
  test('goes on as what it was, with its generation and pid', () => {
    const alive = adoptedUnit(daemon(), found('alive'));
    expect(alive.state).toMatchObject({ kind: 'running', generation: 7, pid: 70, readyAtMs: 1000 });
    expect(alive).toMatchObject({ desired: 'up', generation: 7, lastEnd: undefined });
    expect(adoptedUnit(daemon(), found('starting')).state).toMatchObject({ kind: 'starting', pid: 70 });
  });

  test('that was not told to be ready yet is told so', () => {
    const unit = adoptedUnit(daemon(), { ...found('alive'), wasReady: false });
    expect(unit.state).toMatchObject({ kind: 'starting', pid: 70 });
    const story = new Story(unit).tell(executed(7));
    expect(story.state).toMatchObject({ kind: 'running', generation: 7, pid: 70 });
    expect(story.told).toEqual([{ kind: 'running', generation: 7, pid: 70 }]);
  });

  test('is moved by what is told of it from then on', () => {
    const story = new Story(adoptedUnit(restarting('always'), found('starting')));
    story.tell(executed(7), exited(BAD, 7), emptied(7));
    expect(story.effects).toEqual([{ kind: 'spawn', generation: 8 }]);
  });

  test('has run since it was started, not since it was found', () => {
    const story = new Story(adoptedUnit(daemon(), found('alive'))).later(5000, exited(BAD, 7));
    expect(story.state).toMatchObject({ kind: 'clearing', ranMs: 4000 });
  });

  test('is stopped as any other', () => {
    const story = new Story(adoptedUnit(restarting('always'), found('alive')));
    expect(story.tell(STOP, exited(BAD, 7), emptied(7)).state.kind).toBe('stopped');
  });

  test('whose end was told is settled when nothing of it is left, and what is left is killed again', () => {
    const ended = found('ended', BAD);
    expect(adoptionEffects(adoptedUnit(restarting('always'), ended), ended)).toEqual([
      { kind: 'kill', generation: 7 },
    ]);
    const story = new Story(adoptedUnit(restarting('always'), ended));
    expect(publicState(story.state)).toBe('stopping');
    expect(story.tell(exited(BAD, 7)).why).toBe('told again');
    expect(story.tell(emptied(7)).effects).toEqual([{ kind: 'spawn', generation: 8 }]);
  });

  test('whose end was told and that was asked to be down is down when nothing of it is left', () => {
    const story = new Story(adoptedUnit(restarting('always'), found('ended', BAD))).tell(STOP);
    expect(story.tell(emptied(7)).state.kind).toBe('stopped');
  });

  test('that was over stays what it had come to', () => {
    const kinds = [
      [found('over', GOOD), { kind: 'finished', end: GOOD }],
      [found('over', BAD), { kind: 'failed', reason: 'exit', end: BAD }],
      [found('over', NO_SUCH_FILE), { kind: 'failed', reason: 'cannot-execute', end: NO_SUCH_FILE }],
      [found('over'), { kind: 'failed', reason: 'exit', end: { kind: 'unknown' } }],
      [found('stopped', BAD), { kind: 'stopped' }],
    ] as const;
    for (const [was, state] of kinds) {
      const unit = adoptedUnit(restarting('always'), was);
      expect(unit.state).toEqual(state);
      expect([unit.desired, unit.lastEnd]).toEqual(['down', was.end]);
      expect(adoptionEffects(adoptedUnit(daemon({ timeoutMs: 5 }), was), was)).toEqual([]);
      expect(new Story(unit).tell(exited(BAD, 7)).why).toBe('nothing of it is left');
      expect(new Story(unit).tell(START).state).toMatchObject({ kind: 'starting', generation: 8 });
    }
  });

  test('that had failed has failed for that reason, however its process ended', () => {
    const unit = adoptedUnit(daemon(), { ...found('over', GOOD), failure: 'not-ready' });
    expect(unit.state).toEqual({ kind: 'failed', reason: 'not-ready', end: GOOD });
  });

  test('that was waiting waits until it is told that it may come up', () => {
    const unit = adoptedUnit(daemon(), found('waiting', GOOD));
    expect(unit).toMatchObject({ state: { kind: 'waiting' }, desired: 'up', lastEnd: GOOD });
    const story = new Story(unit).tell({ kind: 'gate', gate: OPEN_GATE, cause: NO_CAUSE });
    expect(story.state).toMatchObject({ kind: 'starting', generation: 8 });
  });

  test('that was in backoff is started when it would have been, and its delays go on growing', () => {
    const history = { attempt: 3, restarts: 3, recentAtMs: [] };
    const was = { ...found('backoff', BAD), backoff: { untilAtMs: 5000, history } };
    const unit = adoptedUnit(restarting('always'), was);
    const due = { kind: 'backoff-due', generation: 7 } as const;
    expect(unit).toMatchObject({ state: { kind: 'backoff', untilAtMs: 5000 }, desired: 'up', history });
    expect(adoptionEffects(unit, was)).toEqual([{ kind: 'set-timer', timer: 'backoff', atMs: 5000, due }]);
    expect(new Story(unit).tell(due).unit.history).toEqual(history);
  });

  test('keeps the time limit with which it was started', () => {
    const spec = daemon({ origin: 'run', timeoutMs: 500 });
    const due = { kind: 'time-over', generation: 7 };
    const timer = { kind: 'set-timer', timer: 'time', atMs: 1500, due };
    for (const stage of ['starting', 'alive'] as const) expect(effectsOf(spec, stage)).toEqual([timer]);
    expect(effectsOf(daemon(), 'alive')).toEqual([]);
  });

  test('that is only watched is not ours to kill when it ends', () => {
    const story = new Story(adoptedUnit(daemon({ origin: 'watched' }), found('alive')));
    expect(story.tell(STOP).verdict).toBe('ignore');
    expect(story.tell(exited(BAD, 7)).effects).toEqual([{ kind: 'cancel-timer', timer: 'time' }]);
    expect(story.tell(emptied(7)).state.kind).toBe('failed');
  });
});

describe('the state that clients see', () => {
  test('is stopping while what a process left behind is killed', () => {
    const story = new Story().tell(START).run();
    expect(publicState(story.state)).toBe('running');
    expect(publicState(story.tell(exited(GOOD)).state)).toBe('stopping');
    expect(publicState(story.tell(emptied()).state)).toBe('finished');
  });

  test('has a live generation from the order to the proof that nothing is left', () => {
    const story = new Story();
    expect(liveGeneration(story.state)).toBe(undefined);
    const live = [START, ...[exited(GOOD), STOP]].map((event) => {
      if (story.state.kind === 'starting') story.run();
      return liveGeneration(story.tell(event).state);
    });
    expect(live).toEqual([1, 1, 1]);
    expect(liveGeneration(story.tell(emptied()).state)).toBe(undefined);
  });
});
