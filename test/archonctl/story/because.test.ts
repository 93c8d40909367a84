import { describe, expect, it } from 'vitest';
import { because, originOf, type Relations } from '../../../src/archonctl/story/because.ts';
import { phraseOf } from '../../../src/archonctl/story/phrase.ts';
import type { EventRecord } from '../../../src/base/event-record.ts';
import { EVENT_KINDS } from '../../../src/base/vocabulary.ts';

const BEGAN = new Date(2026, 2, 4, 3, 12, 44);
const NOW = BEGAN.getTime() + 3_600_000;

/** Events by their lines, newest first: `<milliseconds> <label or -> <kind> name=value…`. */
function chain(...lines: readonly string[]): EventRecord[] {
  return lines.map((line, index) => {
    const [ms = '', label = '', kind = '', ...details] = line.split(' ');
    return {
      sequence: 1000 - index,
      timeNs: BigInt(BEGAN.getTime() + Number(ms)) * 1_000_000n,
      label: label === '-' ? '' : label,
      kind,
      details: details.map((one) => one.split(/=(.*)/s) as [string, string]),
    };
  });
}

const NEEDS: Relations = new Map([['web', { needs: ['db'] }]]);

function sentence(events: readonly EventRecord[], relations = NEEDS, label = 'web'): string | undefined {
  return because(label, events, relations, NOW);
}

describe('a sentence that says why', () => {
  it.for([
    [
      'what it needs was killed',
      [
        '230 web running pid=8 cause=9',
        '212 web starting pid=8 restarts=1 cause=8',
        '205 db running pid=7 cause=7',
        '200 db starting pid=7 restarts=1 cause=6',
        '0 db exited signal=SIGKILL',
      ],
      'web was restarted because db, which it needs, was killed by SIGKILL (signal 9) at 03:12:44, 212ms before.',
    ],
    [
      'it crashed and waits',
      ['100 web backoff delay=400ms attempt=3 cause=1', '0 web exited code=3'],
      'web is to be started again because it ended with code 3 at 03:12:44, 100ms before.',
    ],
    [
      'somebody started it',
      ['5 web running cause=1', '0 web starting by=0:77 request=Start'],
      'web was started because that was asked for (Start by process 77 of user 0) at 03:12:44.',
    ],
    [
      'its health checks failed, long after a start that is no reason',
      [
        '9000 web running cause=4',
        '8000 web starting restarts=1 cause=3',
        '7000 web exited signal=SIGTERM cause=2',
        '0 web stopping reason=unhealthy cause=1',
        '-900000 web running cause=1',
        '-910000 - supervisor what=started epoch=1',
      ],
      'web was restarted because it failed its health checks at 03:12:44, 8s before.',
    ],
    [
      'the kernel has killed of it',
      [
        '130 web running cause=4',
        '120 web starting restarts=1 cause=3',
        '100 web exited signal=SIGKILL reason=memory cause=1',
        '0 web limit what=memory bound=41943040 killed=1',
      ],
      'web was restarted because it reached its limit of 40M of memory, and the kernel killed one of its processes at 03:12:44, 120ms before.',
    ],
    [
      'the machine had no memory left',
      ['100 web exited signal=SIGKILL cause=1', '0 web limit what=memory killed=2'],
      'web is going down because it lost 2 of its processes to the kernel, which had no memory left at 03:12:44, 100ms before.',
    ],
    [
      'it was over its bound of memory',
      [
        '2000 web running cause=5',
        '1900 web starting cause=4',
        '1000 web exited signal=SIGTERM cause=3',
        '10 web stopping reason=over-limit cause=1',
        '0 web limit what=memory value=641728512 bound=524288000 for=30s',
      ],
      'web was restarted because it used 612M of memory, and more than 500M for 30s at 03:12:44, 1.9s before.',
    ],
    [
      'it was over its bound of the processor',
      ['10 web stopping reason=over-limit cause=1', '0 web limit what=cpu value=97.5 bound=90 for=1m'],
      'web is going down because it used 97.5% of a processor, and more than 90% for 1m at 03:12:44, 10ms before.',
    ],
    [
      'it was taken down with what it needs, by an order',
      [
        '20 web waiting cause=2',
        '10 web exited signal=SIGTERM cause=1',
        '0 web stopping reason=dependency need=db by=0:77 request=Stop',
      ],
      'web is waiting because it was taken down with db, which it needs (Stop by process 77 of user 0) at 03:12:44, 20ms before.',
    ],
    [
      'something was started that cannot be beside it',
      ['0 web stopping reason=conflict rival=other by=0:77 request=Start'],
      'web is going down because it was taken down for other, which cannot be beside it (Start by process 77 of user 0) at 03:12:44.',
    ],
    [
      'a rule acted on the end of another',
      [
        '230 web running pid=8 cause=9',
        '212 web starting pid=8 restarts=1 cause=8',
        '205 web exited signal=SIGTERM cause=7',
        '200 web stopping reason=requested cause=6 rule=10-web.lua:gives_up depth=1',
        '0 other exited signal=SIGSEGV',
      ],
      'web was restarted by the rule 10-web.lua:gives_up because other was killed by SIGSEGV (signal 11) at 03:12:44, 212ms before.',
    ],
    [
      'the supervisor began',
      ['0 web starting cause=1', '-86400000 - supervisor what=started epoch=1'],
      'web was started because the supervisor was started at 2026-03-03 03:12:44, 1d before.',
    ],
    [
      'it ended as it should',
      ['0 web finished code=0 cause=1', '0 web exited code=0'],
      'web has finished because it ended with code 0 at 03:12:44.',
    ],
    [
      'the event before is not kept any more',
      ['0 web stopped reason=requested cause=4'],
      'web was stopped because of event 4, which is not kept any more.',
    ],
  ] as const)('where %s', ([, lines, expected]) => {
    expect(sentence(chain(...lines))).toBe(expected);
  });

  it('names the way where it is longer', () => {
    const events = chain(
      '3 web running cause=3',
      '2 web starting cause=2',
      '1 app running cause=1',
      '0 db exited code=1',
    );
    const relations: Relations = new Map([
      ['web', { wants: ['app'] }],
      ['app', { needs: ['db'] }],
    ]);
    expect(sentence(events, relations)).toBe(
      'web was started because db ended with code 1 (web wants app, which needs db) at 03:12:44, 2ms before.',
    );
  });

  it('is none where nothing is kept', () => {
    expect(sentence([])).toBeUndefined();
    expect(originOf([])).toBe(-1);
  });

  it('has words for every kind of event, also for one of a later version', () => {
    for (const kind of [...EVENT_KINDS, 'later']) {
      const [event] = chain(`0 web ${kind} reason=some what=some x=y cause=5 by=0:1 request=Stop`);
      const phrase = phraseOf(event ?? expect.fail());
      expect(phrase).not.toBe('');
      expect(phrase).not.toMatch(/undefined|cause=|by=/);
    }
  });
});
