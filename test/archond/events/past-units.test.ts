import { describe, expect, it } from 'vitest';
import { PastUnits } from '../../../src/archond/events/past-units.ts';

const AT = 100n;

/** The units at the instant 100 by events `time label kind name=value…`; `gap` stands where some are missing. */
function unitsBy(lines: readonly string[], isWhole = true): Readonly<Record<string, unknown>> {
  const past = new PastUnits(AT, isWhole);
  lines.forEach((line, index) => {
    if (line === 'gap') {
      past.gap();
      return;
    }
    const [time = '', label = '', kind = '', ...words] = line.split(' ');
    const details = words.map((word) => word.split('=', 2) as [string, string]);
    past.take({
      sequence: index + 1,
      timeNs: BigInt(time),
      label: label === '-' ? '' : label,
      kind,
      details,
    });
  });
  return Object.fromEntries(past.units());
}

const UP = { state: 'running', pid: 7, sinceNs: 20n, restarts: 0, lastExit: '' };
const START = ['10 web starting pid=7 generation=1 request=StartDaemon', '20 web running pid=7 generation=1'];

describe('the units at an instant', () => {
  it('are what the events up to it say, those of that very instant with them', () => {
    expect(unitsBy(START)).toEqual({ web: UP });
    expect(unitsBy([...START, '100 web exited pid=7 code=1'])).toEqual({
      web: { state: 'stopping', pid: undefined, sinceNs: 100n, restarts: 0, lastExit: 'code:1' },
    });
    expect(unitsBy([...START, '101 web exited pid=7 code=1'])).toEqual({ web: UP });
  });

  it('keep their last exit and the number of their restarts', () => {
    const lines = [
      ...START,
      '30 web exited pid=7 signal=SIGSEGV',
      '30 web starting pid=8 restarts=1',
      '31 web running pid=8',
    ];
    const again = { state: 'running', pid: 8, sinceNs: 31n, restarts: 1, lastExit: 'signal:SIGSEGV' };
    expect(unitsBy(lines)).toEqual({ web: again });
    expect(
      unitsBy([...lines, '40 web exited pid=8 unknown=1', '40 web backoff delay=1s restarts=2']),
    ).toEqual({
      web: { state: 'backoff', pid: undefined, sinceNs: 40n, restarts: 2, lastExit: 'unknown' },
    });
    expect(unitsBy([...lines, '50 web starting pid=9 request=Start'])).toEqual({
      web: { state: 'starting', pid: 9, sinceNs: 50n, restarts: 0, lastExit: 'signal:SIGSEGV' },
    });
  });

  it('stay as they are while another generation is beside them, and have its process when that is ready', () => {
    const beside = [...START, '30 web starting pid=8 generation=2 replaces=1 request=Restart'];
    expect(unitsBy(beside)).toEqual({ web: UP });
    expect(
      unitsBy([...beside, '40 web stopping pid=8 replaces=1', '41 web exited pid=8 code=1 replaces=1']),
    ).toEqual({ web: UP });
    const replaced = [...beside, '40 web running pid=8 generation=2 replaces=1'];
    expect(unitsBy(replaced)).toEqual({ web: { ...UP, pid: 8 } });
    const over = ['41 web stopping pid=7 replaced-by=2', '42 web exited pid=7 code=0 replaced-by=2'];
    expect(unitsBy([...replaced, ...over])).toEqual({ web: { ...UP, pid: 8 } });
    /* Where the beginning is missing, that it had two says that it ran, and not as which. */
    const later = over.map((line) => `1${line}`);
    expect(unitsBy(later, false)).toEqual({
      web: { state: 'running', pid: undefined, sinceNs: undefined, restarts: undefined, lastExit: '' },
    });
  });

  it('are starting where an archond has died before it could tell of that', () => {
    expect(unitsBy([...START, '30 web stopped reason=requested', '40 web adopted pid=8'])).toEqual({
      web: { state: 'starting', pid: 8, sinceNs: 40n, restarts: 0, lastExit: '' },
    });
  });

  it('are without Runs that have ended, daemons that never ran, and what was forgotten', () => {
    expect(
      unitsBy([
        '10 a starting pid=7 request=Run',
        '11 a running pid=7',
        '12 a exited code=0',
        '12 a finished',
      ]),
    ).toEqual({});
    expect(
      unitsBy(['10 a starting pid=7 request=StartDaemon', '12 a exited stage=exec', '12 a failed']),
    ).toEqual({});
    expect(
      unitsBy([...START, '30 web exited code=1', '30 web failed', '40 web note what=forgotten']),
    ).toEqual({});
    expect(Object.keys(unitsBy([...START, '30 web exited code=1', '30 web failed']))).toEqual(['web']);
  });

  it('are none between an orderly end and the next beginning, and none of before are left by a new keeper', () => {
    expect(unitsBy([...START, '40 - supervisor what=shut-down'])).toEqual({});
    expect(unitsBy([...START, '40 - supervisor what=started epoch=1'])).toEqual({});
    expect(unitsBy([...START, '40 - supervisor what=started epoch=2'])).toEqual({ web: UP });
  });

  it('go on where another archond has taken them over', () => {
    expect(unitsBy([...START, '40 web adopted pid=7'])).toEqual({ web: UP });
    expect(unitsBy(['40 web adopted pid=7'], false)).toEqual({
      web: { ...UP, sinceNs: undefined, restarts: undefined },
    });
  });
});

describe('where earlier events are not kept, the units at an instant', () => {
  const known = { state: 'running', pid: 7, sinceNs: undefined, restarts: undefined, lastExit: '' };

  it('are told by what happens to them later', () => {
    expect(unitsBy(['200 web stopping pid=7', '201 web exited pid=7 code=0'], false)).toEqual({ web: known });
    expect(unitsBy(['200 web exited pid=7 code=0'], false)).toEqual({ web: known });
    expect(unitsBy(['200 web running pid=7'], false)).toEqual({ web: { ...known, state: 'starting' } });
    expect(unitsBy(['gap', '200 web adopted pid=7'])).toEqual({ web: known });
  });

  it('are not guessed from what begins later, or was over before', () => {
    expect(unitsBy(['200 web starting pid=7', '201 web running pid=7'], false)).toEqual({});
    expect(unitsBy(['200 - supervisor what=started epoch=1', '201 web adopted pid=7'], false)).toEqual({});
    expect(unitsBy(['50 web note what=forgotten', '200 web exited pid=7'], false)).toEqual({});
    expect(unitsBy(['200 web exited pid=7 code=0'])).toEqual({});
  });

  it('are not those of before a gap', () => {
    expect(unitsBy([...START, 'gap'])).toEqual({});
    expect(unitsBy([...START, 'gap', '50 db starting pid=8 request=StartDaemon'])).toEqual({
      db: { state: 'starting', pid: 8, sinceNs: 50n, restarts: 0, lastExit: '' },
    });
    /* A gap behind the instant takes nothing away. */
    expect(unitsBy([...START, '200 db starting pid=9', 'gap'])).toEqual({ web: UP });
  });
});
