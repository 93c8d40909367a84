import { describe, expect, it } from 'vitest';
import type { Failures } from '../../../src/sys/fake/failures.ts';
import type { Welcome } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

const SILENCE_MS = 30_000;

/** A machine whose keeper watches over archond. */
function watched(): Rig {
  const rig = new Rig();
  rig.control.keeper.settings.silenceMs = SILENCE_MS;
  return again(rig);
}

/** The keeper starts the next archond. */
function again(rig: Rig): Rig {
  rig.sys = rig.control.archondAlive ? rig.control.restart() : rig.control.startArchond();
  return rig;
}

/** Greets the keeper as the archond that lives now. */
function welcome(rig: Rig): Welcome {
  rig.sys.keeper.listen({
    changed: () => undefined,
    signalled: () => undefined,
    orphaned: () => undefined,
    gone: () => undefined,
  });
  return rig.must<Welcome>((done) => rig.sys.keeper.hello(done));
}

/** So many archonds in a row that break before they answer, so far apart. */
function breaks(rig: Rig, times: number, apartMs: number): void {
  for (let time = 0; time < times; time += 1) {
    rig.control.advanceMs(apartMs);
    rig.control.breakArchond();
    again(rig);
  }
}

describe('the watchdog of the fake', () => {
  it('kills an archond that has said nothing for so long, and its successor is told', () => {
    const rig = watched();
    expect(welcome(rig).before).toMatchObject({ kind: 'signalled' });
    rig.control.advanceMs(SILENCE_MS - 1);
    expect(rig.control.archondAlive).toBe(true);
    rig.control.advanceMs(1);
    expect(rig.control.archondAlive).toBe(false);
    expect(welcome(again(rig)).before).toEqual({ kind: 'silent' });
  });

  it('takes every message for a sign of life', () => {
    const rig = watched();
    welcome(rig);
    for (let time = 0; time < 10; time += 1) {
      rig.control.advanceMs(SILENCE_MS - 1);
      if (time % 2 === 0) rig.sys.keeper.beat();
      else rig.sys.keeper.ready(() => undefined);
    }
    rig.control.advanceMs(SILENCE_MS - 1);
    expect(rig.control.archondAlive).toBe(true);
  });

  it('kills nobody that has died meanwhile, and not its successor either', () => {
    const rig = watched();
    rig.control.advanceMs(SILENCE_MS - 1);
    again(rig);
    rig.control.advanceMs(SILENCE_MS - 1);
    expect(rig.control.archondAlive).toBe(true);
    expect(welcome(rig).before).toMatchObject({ kind: 'signalled' });
  });
});

describe('an archond of the fake that does not come up', () => {
  const isOf = (rig: Rig): Failures => rig.control.keeper.failures;

  it('is started safely for good after five times within a minute, and told once what to set aside', () => {
    const rig = new Rig();
    breaks(rig, 5, 14_999);
    expect(welcome(rig)).toMatchObject({ isToSetAside: true, before: { kind: 'exited', code: 70 } });
    expect(isOf(rig)).toMatchObject({ isSafe: true });
    rig.control.breakArchond();
    expect(isOf(again(rig))).toMatchObject({ isSafe: true, isToSetAside: false });
  });

  it('is not after five times in more than a minute, however many there are', () => {
    const rig = new Rig();
    breaks(rig, 20, 15_001);
    expect(isOf(rig)).toMatchObject({ isSafe: false });
  });

  it('is not where one of five has answered', () => {
    const rig = new Rig();
    for (let time = 0; time < 4; time += 1) {
      breaks(rig, 4, 1);
      welcome(rig);
      rig.must<number>((done) => rig.sys.keeper.ready(done));
      breaks(rig, 1, 1);
    }
    expect(isOf(rig)).toMatchObject({ isSafe: false });
  });

  it('is to set nothing aside where somebody else has killed one of the five', () => {
    const rig = new Rig();
    breaks(rig, 4, 1);
    again(rig);
    expect(isOf(rig)).toMatchObject({ isSafe: true, isToSetAside: false });
  });

  it('is told to also where all five hung, however long that took', () => {
    const rig = watched();
    rig.control.advanceMs(1);
    welcome(rig);
    rig.must<number>((done) => rig.sys.keeper.ready(done));
    rig.control.breakArchond();
    for (let time = 0; time < 5; time += 1) {
      again(rig).control.advanceMs(SILENCE_MS);
      expect(rig.control.archondAlive).toBe(false);
    }
    expect(isOf(rig)).toMatchObject({ isSafe: true, isToSetAside: true });
  });
});
