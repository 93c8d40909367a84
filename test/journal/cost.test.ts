import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { EventQuery } from '../../src/journal/cursor.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { realParts, RealWorld } from './real-world.ts';

const RECORDS = 60_000;
const UNITS = 1000;
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMib(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

/** How long something takes, in milliseconds. */
function took(action: () => void): number {
  const beganMs = realParts.clock.monotonicMs();
  action();
  return realParts.clock.monotonicMs() - beganMs;
}

/** What is measured is reported, not judged: machines differ. */
function report(what: string, figure: number, unit: string): void {
  process.stdout.write(`journal: ${what}: ${figure.toFixed(2)} ${unit}\n`);
}

function appendExit(journal: Journal, number: number): void {
  const details = [
    ['pid', String(number)],
    ['generation', '77'],
    ['code', '0'],
    ['utime', '0.001'],
    ['maxrss', '3456'],
  ] as const;
  journal.append({
    timeNs: realParts.clock.realtimeNs(),
    label: `unit-${number % UNITS}`,
    kind: 'exited',
    details,
  });
}

/** Reads all that a query gives; returns how many events, and what the pieces took, the shortest first. */
function read(journal: Journal, query: EventQuery): { readonly events: number; readonly piecesMs: number[] } {
  const cursor = journal.events(query);
  let events = 0;
  const piecesMs: number[] = [];
  for (;;) {
    const beganMs = realParts.clock.monotonicMs();
    const slice = cursor.next();
    events += slice.events.length;
    piecesMs.push(realParts.clock.monotonicMs() - beganMs);
    if (slice.isLast) return { events, piecesMs: piecesMs.sort((x, y) => x - y) };
  }
}

describe('what the journal costs', () => {
  test('is measured: records, memory, a start and queries', async () => {
    using world = new RealWorld();
    const { journal } = world.open();
    const beforeMib = heapMib();
    for (let unit = 0; unit < UNITS; unit += 1) {
      journal.remember('unit', `unit-${unit}`, {
        desired: 'up',
        argv: ['daemon', '--flag'],
        env: 'x'.repeat(150),
      });
    }
    journal.flush();
    report(`memory of ${UNITS} remembered units`, heapMib() - beforeMib, 'MiB');
    for (const perFlush of [1, 4]) {
      const ms = took(() => {
        for (let number = 0; number < RECORDS; number += 1) {
          appendExit(journal, number);
          if (number % perFlush === 0) journal.flush();
        }
      });
      report(`a record where ${perFlush} are written at once`, (1000 * ms) / RECORDS, 'microseconds');
    }
    report(`memory after ${2 * RECORDS} events more`, heapMib() - beforeMib, 'MiB');
    const all = read(journal, {});
    expect(all.events).toBe(2 * RECORDS);
    report('a piece of a query for all, median', all.piecesMs[all.piecesMs.length >> 1] ?? 0, 'ms');
    report('the longest piece', all.piecesMs.at(-1) ?? 0, 'ms');
    report(
      'the last ten of one label',
      took(() => void read(journal, { last: 10, label: (label) => label === 'unit-7' })),
      'ms',
    );
    report(
      'those after a recent number',
      took(() => void read(journal, { after: 2 * RECORDS - 20 })),
      'ms',
    );
    await new Promise<void>((resolve) => {
      journal.close(() => resolve());
    });
    let next: Journal | undefined;
    report(
      'a start',
      took(() => ({ journal: next } = world.open())),
      'ms',
    );
    expect(next?.lastSequence).toBe(2 * RECORDS);
    await new Promise<void>((resolve) => {
      next?.close(() => resolve());
    });
  });
});
