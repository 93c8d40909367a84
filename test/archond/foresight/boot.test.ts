import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../src/archond/events/timeline.ts';
import type { EventRecord } from '../../../src/base/event-record.ts';
import { FOREVER, gate, Host } from '../configured/host.ts';

/** Events by their lines: `<number> <label or -> <kind> name=value…`, a second apart. */
function timelineOf(...lines: readonly string[]): Timeline {
  const timeline = new Timeline();
  for (const line of lines) {
    const [number = '', label = '', kind = '', ...details] = line.split(' ');
    const event: EventRecord = {
      sequence: Number(number),
      timeNs: BigInt(number) * 1_000_000_000n,
      label: label === '-' ? '' : label,
      kind,
      details: details.map((one) => one.split('=') as [string, string]),
    };
    timeline.take(event);
  }
  return timeline;
}

function told(timeline: Timeline): string[] {
  const critical = timeline.critical();
  const at = (ns: bigint | undefined): string => (ns === undefined ? '-' : String(ns / 1_000_000_000n));
  return timeline.spans.map(
    ({ label, startNs, upNs, readyNs }) =>
      `${label} ${at(startNs)} ${at(upNs)} ${at(readyNs)}${critical.has(label) ? ' critical' : ''}`,
  );
}

describe('the timeline of a start', () => {
  it('has each unit from when it was to start until it was first ready, and what held up the last one', () => {
    const timeline = timelineOf(
      '1 - supervisor what=started epoch=1',
      '2 web waiting cause=1',
      '3 db starting cause=1',
      '4 quick starting cause=1',
      '5 quick running cause=4',
      '6 db running cause=3',
      '7 web starting cause=6',
      '8 web running cause=7',
      '9 quick exited code=1',
      '10 quick starting cause=9',
    );
    expect(told(timeline)).toEqual(['web 2 7 8 critical', 'db 3 3 6 critical', 'quick 4 4 5']);
    expect(timeline.isSettled).toBe(true);
  });

  it('goes on over crashes before a unit is ready, and over deaths of archond, and leaves out what is ordered', () => {
    const timeline = timelineOf(
      '1 - supervisor what=started epoch=1',
      '2 db starting cause=1',
      '3 db exited code=1',
      '4 db backoff cause=3',
      '5 - supervisor what=started epoch=2',
      '6 late starting cause=5',
      '7 other starting by=0:1 request=Start',
      '8 db starting cause=4',
      '9 db running cause=8',
      '10 late failed cause=6',
    );
    expect(told(timeline)).toEqual(['db 2 2 9 critical', 'late 6 6 -']);
  });

  it('is told by the supervisor, also when its archond died in the midst of it', async () => {
    await using host = await Host.start((folder) => ({
      db: {
        command: ['/bin/sh', '-c', `${gate(folder, 'up')}; echo >&3; exec sleep 86400`],
        ready: { fd: 3, timeout: '5m' },
      },
      web: { ...FOREVER, needs: ['db'] },
      off: { ...FOREVER, enabled: false },
    }));
    await host.until('starting', 'db');
    const before = await host.ask('Boot');
    expect(before.map((line) => line.replaceAll(/\d{9,}(\.\d+)?/g, 'TIME')).sort()).toEqual([
      'Ok,2',
      'Span,db,TIME,TIME,,0',
      'Span,web,TIME,,,0',
    ]);
    await host.supervisor.killDeciding();
    await host.open('up');
    await host.until('running', 'web');
    await host.ask('Start,off');
    const after = await host.ask('Boot');
    expect(after.map((line) => line.replaceAll(/\d{9,}(\.\d+)?/g, 'TIME')).sort()).toEqual([
      'Ok,2',
      'Span,db,TIME,TIME,TIME,1',
      'Span,web,TIME,TIME,TIME,1',
    ]);
  });
});
