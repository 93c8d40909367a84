import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ENTRY, EXIT_KIND, RECORD, TABLE, TREE_NUMBERS } from '../../../src/sys/keeper-layout.ts';
import { RealTable } from '../../../src/sys/real/table.ts';
import { value } from '../../native/support.ts';
import { TableFixture } from './table-fixture.ts';

function open(fixture = new TableFixture()): { readonly fixture: TableFixture; readonly table: RealTable } {
  return { fixture, table: value(RealTable.over(fixture.memory)) };
}

describe('a table', () => {
  it('that is too short, of another magic word or another version is refused', () => {
    expect(RealTable.over(new ArrayBuffer(100))).toMatchObject({ ok: false });
    expect(RealTable.over(new ArrayBuffer(1 << 20))).toMatchObject({ ok: false });
    for (const at of [
      TABLE.version,
      TABLE.entryBytes,
      TABLE.entryCount,
      TABLE.labelBytes,
      TABLE.ringCount,
      TABLE.ringBytes,
      TABLE.fileBytes,
    ]) {
      const fixture = new TableFixture();
      fixture.words.put32(at, fixture.words.u32(at) + 1);
      expect(RealTable.over(fixture.memory)).toMatchObject({ ok: false });
    }
  });

  it('without entries is empty', () => {
    const { table } = open();
    expect(table.entries()).toEqual([]);
    expect(table.entry({ index: 5, generation: 1 })).toBe(undefined);
    expect(table.lastGeneration()).toBe(0);
  });

  it('tells the last generation, also a large one', () => {
    const { fixture, table } = open();
    fixture.words.put64(TABLE.lastGeneration, 2 ** 52 + 3);
    expect(table.lastGeneration()).toBe(2 ** 52 + 3);
  });
});

describe('an entry', () => {
  it('is told with all that the keeper has written', () => {
    const { fixture, table } = open();
    const at = TableFixture.at(3);
    const { words } = fixture;
    words.put32(at + ENTRY.pid, 4242);
    words.put64(at + ENTRY.startTicks, 2 ** 40);
    words.put64(at + ENTRY.startedNs, 1_500_000);
    words.put32(at + ENTRY.treeKind, TREE_NUMBERS.minder);
    words.put32(at + ENTRY.facts, 1);
    words.putBig(at + ENTRY.tags, 7n);
    words.putBig(at + ENTRY.tags + 8, 2n ** 64n - 1n);
    fixture.label(3, 'web/api@1');
    fixture.publish(3, 2 ** 40 + 1, 'running');
    const expected = {
      index: 3,
      generation: 2 ** 40 + 1,
      label: 'web/api@1',
      state: 'running',
      acknowledged: undefined,
      pid: 4242,
      startTicks: 2 ** 40,
      startedAtMs: 1.5,
      tree: 'minder',
      minderLost: true,
      tags: [7n, 2n ** 64n - 1n],
    };
    expect(table.entry({ index: 3, generation: 2 ** 40 + 1 })).toEqual(expected);
    expect(table.entries()).toEqual([expected]);
  });

  it('that has ended tells how, when, and what it used', () => {
    const { fixture, table } = open();
    const at = TableFixture.at(0);
    fixture.words.put32(at + ENTRY.exitKind, EXIT_KIND.dumped);
    fixture.words.put32(at + ENTRY.exitStatus, 11);
    fixture.words.put64(at + ENTRY.endedNs, 2_000_000_000);
    [
      ENTRY.utimeUs,
      ENTRY.stimeUs,
      ENTRY.maxrssKib,
      ENTRY.minflt,
      ENTRY.majflt,
      ENTRY.inblock,
      ENTRY.oublock,
      ENTRY.nvcsw,
      ENTRY.nivcsw,
    ].forEach((offset, i) => fixture.words.put64(at + offset, i + 1));
    for (const state of ['exited', 'empty'] as const) {
      fixture.publish(0, 9, state);
      expect(table.entry({ index: 0, generation: 9 })).toMatchObject({
        state,
        end: { kind: 'signalled', signal: 11, core: true },
        endedAtMs: 2000,
        usage: {
          userUs: 1,
          systemUs: 2,
          maxRssKib: 3,
          minorFaults: 4,
          majorFaults: 5,
          blocksIn: 6,
          blocksOut: 7,
          voluntarySwitches: 8,
          involuntarySwitches: 9,
        },
      });
    }
  });

  it('tells each way to end, and invents none', () => {
    const { fixture, table } = open();
    const at = TableFixture.at(0);
    const endOf = (kind: number, status: number, stage = 0, errno = 0): unknown => {
      fixture.words.put32(at + ENTRY.exitKind, kind);
      fixture.words.put32(at + ENTRY.exitStatus, status);
      fixture.words.put32(at + ENTRY.execStage, stage);
      fixture.words.put32(at + ENTRY.execErrno, errno);
      fixture.publish(0, 1, 'exited');
      return table.entry({ index: 0, generation: 1 })?.end;
    };
    expect(endOf(EXIT_KIND.exited, 3)).toEqual({ kind: 'exited', code: 3 });
    expect(endOf(EXIT_KIND.killed, 9)).toEqual({ kind: 'signalled', signal: 9, core: false });
    expect(endOf(0, 0)).toEqual({ kind: 'unknown' });
    expect(endOf(77, 1)).toEqual({ kind: 'unknown' });
    expect(endOf(EXIT_KIND.exited, 127, 13, 2)).toEqual({
      kind: 'not-executed',
      stage: 'exec',
      errno: 2,
      code: 'ENOENT',
    });
    expect(endOf(EXIT_KIND.exited, 127, 10, 13)).toEqual({
      kind: 'not-executed',
      stage: 'cwd',
      errno: 13,
      code: 'EACCES',
    });
  });

  it('of another generation, or free, is not there', () => {
    const { fixture, table } = open();
    fixture.publish(2, 5, 'running');
    expect(table.entry({ index: 2, generation: 4 })).toBe(undefined);
    expect(table.entry({ index: 2, generation: 6 })).toBe(undefined);
    fixture.publish(2, 5, 'free');
    expect(table.entry({ index: 2, generation: 5 })).toBe(undefined);
    expect(table.entries()).toEqual([]);
  });

  it('has a label of at most 255 characters, also where no NUL ends it', () => {
    const { fixture, table } = open();
    fixture.label(0, 'x'.repeat(255));
    fixture.label(1, 'next');
    fixture.publish(0, 1, 'running');
    expect(table.entries()[0]?.label).toBe('x'.repeat(255));
  });
});

describe('an acknowledgement', () => {
  it('stands in archond’s own word, with the generation', () => {
    const { fixture, table } = open();
    fixture.publish(1, 3, 'empty');
    table.acknowledge({ index: 1, generation: 3 }, 'empty');
    expect(fixture.words.big(TableFixture.at(1) + ENTRY.ackWord)).toBe((3n << 8n) | 4n);
    expect(table.entry({ index: 1, generation: 3 })?.acknowledged).toBe('empty');
  });

  it('of an earlier generation counts for nothing', () => {
    const { fixture, table } = open();
    fixture.publish(1, 3, 'empty');
    table.acknowledge({ index: 1, generation: 3 }, 'empty');
    fixture.publish(1, 4, 'running');
    expect(table.entry({ index: 1, generation: 4 })?.acknowledged).toBe(undefined);
    table.acknowledge({ index: 1, generation: 3 }, 'exited');
    expect(fixture.words.big(TableFixture.at(1) + ENTRY.ackWord)).toBe((3n << 8n) | 4n);
  });
});

describe('the ring of orphans', () => {
  it('gives the latest end of a pid', () => {
    const { fixture, table } = open();
    fixture.orphan(100, EXIT_KIND.exited, 1, 1_000_000);
    fixture.orphan(101, EXIT_KIND.killed, 9, 2_000_000);
    fixture.orphan(100, EXIT_KIND.exited, 2, 3_000_000);
    expect(table.orphanEnd(100)).toEqual({ end: { kind: 'exited', code: 2 }, endedAtMs: 3 });
    expect(table.orphanEnd(101)).toEqual({
      end: { kind: 'signalled', signal: 9, core: false },
      endedAtMs: 2,
    });
    expect(table.orphanEnd(102)).toBe(undefined);
  });

  it('forgets what is older than 1,024 others', () => {
    const { fixture, table } = open();
    for (let pid = 1; pid <= TABLE.RING + 1; pid++) fixture.orphan(pid, EXIT_KIND.exited, 0);
    expect(table.orphanEnd(1)).toBe(undefined);
    expect(table.orphanEnd(2)).toBeDefined();
    expect(table.orphanEnd(TABLE.RING + 1)).toBeDefined();
  });

  it('passes over a record that is being written', () => {
    const { fixture, table } = open();
    fixture.orphan(7, EXIT_KIND.exited, 1);
    fixture.orphan(7, EXIT_KIND.exited, 2);
    const at = fixture.words.u64(TABLE.ringOffset) + 2 * RECORD.BYTES;
    fixture.words.put64(at + RECORD.sequence, 0);
    expect(table.orphanEnd(7)?.end).toEqual({ kind: 'exited', code: 1 });
  });
});

/** Publishes generation after generation in entry 0; all that belongs to one is made of its number. */
const WRITER = `
const { workerData } = require('node:worker_threads');
const { memory, at, label, stopAt } = workerData;
const words = new BigUint64Array(memory);
const bytes = new Uint8Array(memory);
const numbers = new Uint32Array(memory);
const publish = (generation, state) => Atomics.store(words, at / 8, BigInt(generation) << 8n | BigInt(state));
for (let generation = 1; Atomics.load(bytes, stopAt) === 0; generation++) {
  publish(generation - 1, 0);
  numbers[(at + 24) / 4] = generation;
  for (const offset of [32, 40, 48, 72, 88]) words[(at + offset) / 8] = BigInt(generation);
  const text = String(generation);
  for (let i = 0; i < text.length; i++) bytes[label + i] = text.charCodeAt(i);
  bytes[label + text.length] = 0;
  for (const state of [1, 2, 3, 4]) publish(generation, state);
}
`;

describe('a table that is written while it is read', () => {
  it('never shows a torn entry', async () => {
    const shared = new SharedArrayBuffer(TableFixture.FILE_BYTES);
    const { fixture, table } = open(new TableFixture(shared));
    fixture.publish(0, 0, 'free');
    const label = fixture.words.u64(TABLE.labelsOffset);
    // A byte between two structures of the header, which nobody reads.
    const stopAt = 2048;
    const worker = new Worker(WRITER, {
      eval: true,
      workerData: { memory: shared, at: TableFixture.at(0), label, stopAt },
    });
    const exited = new Promise((done) => worker.once('exit', done));
    const seen = new Set<number>();
    while (seen.size < 200) {
      for (let reads = 0; reads < 1000; reads++) {
        const [entry] = table.entries();
        if (entry === undefined) continue;
        const { generation, pid, startTicks, startedAtMs, label: text, endedAtMs, usage } = entry;
        seen.add(generation);
        const parts = [pid, startTicks, startedAtMs * 1e6, Number(text)];
        if (usage !== undefined) parts.push((endedAtMs ?? 0) * 1e6, usage.userUs, usage.maxRssKib);
        // Compared by hand: a million expectations would take longer than the writer.
        if (parts.some((part) => Math.round(part) !== generation)) expect(parts).toEqual(generation);
      }
      await new Promise((go) => setImmediate(go));
    }
    Atomics.store(new Uint8Array(shared), stopAt, 1);
    await exited;
    const [last] = table.entries();
    expect(last?.state).toBe('empty');
  });
});
