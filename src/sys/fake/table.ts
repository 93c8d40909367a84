import type { ProcessEnd, ProcessEntry, ProcessRef } from '../sys.ts';
import { Heap } from './heap.ts';
import { Misuse } from './misuse.ts';
import type { FakeProcess } from './process.ts';
import type { Row } from './row.ts';

/** TABLE_RING of native/keeper/wire.h. */
const RING_RECORDS = 1024;

interface RingRecord {
  readonly pid: number;
  readonly end: ProcessEnd;
  readonly endedAtMs: number;
}

/** The table: rows by index, the lowest free one taken, and the ring with the ends of orphans. */
export class Table {
  readonly size: number;
  /** The highest generation that the keeper has accepted. */
  lastGeneration = 0;
  /** The sequence that the next orphan's end will get; begins at 1. */
  ringNext = 1;
  readonly #rows: (Row | undefined)[] = [];
  readonly #freed = new Heap<number>((a, b) => a < b);
  readonly #ring: RingRecord[] = [];

  constructor(size: number) {
    this.size = size;
  }

  /** The lowest free index, -1 where the table is full. It is taken by `put`. */
  freeIndex(): number {
    return this.#freed.peek() ?? (this.#rows.length < this.size ? this.#rows.length : -1);
  }

  put(row: Row): void {
    const { index, generation } = row.ref;
    if (generation <= this.lastGeneration) throw new Misuse(`generation ${String(generation)} does not grow`);
    if (this.#freed.peek() === index) this.#freed.pop();
    this.#rows[index] = row;
    this.lastGeneration = generation;
  }

  free(row: Row): void {
    if (row.members.size > 0)
      throw new Misuse(`entry ${String(row.ref.index)} is freed while its tree is not empty`);
    if (this.#rows[row.ref.index] !== row) throw new Misuse(`entry ${String(row.ref.index)} is freed twice`);
    this.#rows[row.ref.index] = undefined;
    this.#freed.push(row.ref.index);
  }

  /** The row of this spawn, published or not. */
  row(ref: ProcessRef): Row | undefined {
    const row = this.#rows[ref.index];
    return row?.ref.generation === ref.generation ? row : undefined;
  }

  /** All rows that are taken, in the order of their index. */
  rows(): readonly Row[] {
    return this.#rows.filter((row) => row !== undefined);
  }

  entry(ref: ProcessRef): ProcessEntry | undefined {
    const row = this.row(ref);
    if (row?.state === undefined || row.process === undefined) return undefined;
    return row.entry(row.state, row.process);
  }

  entries(): readonly ProcessEntry[] {
    const entries: ProcessEntry[] = [];
    for (const row of this.#rows) {
      if (row?.state !== undefined && row.process !== undefined)
        entries.push(row.entry(row.state, row.process));
    }
    return entries;
  }

  addOrphan(process: FakeProcess, atMs: number): void {
    const record = { pid: process.pid, end: process.end ?? { kind: 'unknown' as const }, endedAtMs: atMs };
    this.#ring[this.ringNext % RING_RECORDS] = record;
    this.ringNext += 1;
  }

  /** The newest end of an orphan with this pid. */
  orphanEnd(pid: number): { readonly end: ProcessEnd; readonly endedAtMs: number } | undefined {
    for (let at = this.ringNext - 1; at > 0 && at >= this.ringNext - RING_RECORDS; at--) {
      const record = this.#ring[at % RING_RECORDS];
      if (record?.pid === pid) return { end: record.end, endedAtMs: record.endedAtMs };
    }
    return undefined;
  }
}
