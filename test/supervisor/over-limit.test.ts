import { describe, expect, test } from 'vitest';
import { causedBy } from '../../src/supervisor/cause.ts';
import type { Effect } from '../../src/supervisor/effect.ts';
import type { UnitEvent } from '../../src/supervisor/event.ts';
import { restartPolicy } from '../../src/supervisor/unit.ts';
import { emptied, executed, exited, probed, ready, spawned, START, STOP, Story } from './units.ts';

const KILLED = { kind: 'signalled', signal: 9, core: false } as const;
/** It was told as event 70. */
const OVER: UnitEvent = { kind: 'unhealthy', generation: 1, cause: causedBy(70) };

/** What others are told first, with its cause. */
function firstTold(story: Story): Effect | undefined {
  return story.allEffects.find(({ kind }) => kind === 'tell');
}

function running(policy: 'always' | 'never'): Story {
  return new Story(probed({ restart: restartPolicy(policy) })).tell(START, spawned(), executed(), ready());
}

describe('what is over its bounds', () => {
  test('is stopped for that, which the event that told it is the cause of, and started again', () => {
    const story = running('always').tell(OVER);
    expect(story.unit).toMatchObject({ desired: 'up', state: { kind: 'stopping', reason: 'over-limit' } });
    expect(firstTold(story)).toMatchObject({
      event: { kind: 'stopping', reason: 'over-limit' },
      cause: { event: 70 },
    });
    expect(story.tell(exited(KILLED), emptied()).state.kind).toBe('starting');
  });

  test('stays down where it is never restarted, and where it is told to stop meanwhile', () => {
    const failed = running('never').tell(OVER, exited(KILLED), emptied());
    expect(failed.state).toMatchObject({ kind: 'failed', reason: 'over-limit' });
    const stopped = running('always').tell(OVER, STOP, exited(KILLED), emptied());
    expect(stopped.state.kind).toBe('stopped');
  });

  test('is no matter before it is running, or when it is being stopped', () => {
    const starting = new Story(probed({})).tell(START, spawned(), executed(), OVER);
    expect(starting.state.kind).toBe('starting');
    const stopping = running('always').tell(STOP, OVER);
    expect(stopping.state).toMatchObject({ kind: 'stopping', reason: 'requested' });
  });
});

describe('an end that the kernel has brought about', () => {
  test('has what was told of that as its cause', () => {
    const by = causedBy(71);
    const story = running('always').tell({ kind: 'exited', generation: 1, end: KILLED, by });
    expect(firstTold(story)).toMatchObject({ event: { kind: 'exited' }, cause: { event: 71 } });
  });

  test('is caused by the order where it was told to end', () => {
    const story = running('always').tell(STOP);
    const stopping = story.nextSequence - 1;
    story.tell({ kind: 'exited', generation: 1, end: KILLED, by: causedBy(71) });
    expect(firstTold(story)).toMatchObject({ event: { kind: 'exited' }, cause: { event: stopping } });
  });
});
