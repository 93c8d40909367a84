import { expect } from 'vitest';
import type { EventRecord } from '../../src/base/event-record.ts';
import type { EventCursor, EventQuery } from '../../src/journal/cursor.ts';
import type { Report } from '../../src/journal/health.ts';
import { Journal, type JournalOptions } from '../../src/journal/journal.ts';
import type { Found } from '../../src/journal/opening.ts';
import type { NewEvent } from '../../src/journal/payload.ts';
import type { StoreLimits } from '../../src/journal/store.ts';
import type { Limits } from '../../src/journal/stores.ts';
import type { Control } from '../../src/sys/fake/control.ts';
import type { FakeDisk } from '../../src/sys/fake/disk.ts';
import { createFakeSys } from '../../src/sys/fake/fake-sys.ts';
import type { Sys } from '../../src/sys/sys.ts';

/** The disk that holds the state folder, and the one of the runtime folder. */
export const STATE_DISK = '/var/lib/archon';
export const RUNTIME_DISK = '/run/archon';
export const DIR = `${STATE_DISK}/journal`;
export const FALLBACK_DIR = `${RUNTIME_DISK}/journal`;

const ROOMY: StoreLimits = {
  segmentBytes: 1_000_000_000,
  segmentMs: 1e15,
  retainBytes: 1e15,
  retainMs: 1e15,
  retainSegments: 1e9,
};

/** Limits that nothing comes near, but for those given. */
export function limits(more: Partial<StoreLimits> = {}): Limits {
  const one = { ...ROOMY, ...more };
  return { state: one, runtime: one, memory: one };
}

/** A machine with a journal on it, which can be killed, lose its power and its disks. */
export class Rig {
  readonly control: Control;
  readonly disk: FakeDisk;
  readonly reports: Report[] = [];
  limits: Limits = limits();
  bootId = 'boot-1';
  sys: Sys;
  #opened: { readonly journal: Journal; readonly found: Found } | undefined;

  constructor() {
    const { sys, control } = createFakeSys();
    this.sys = sys;
    this.control = control;
    this.disk = control.kernel.disk;
    this.open();
  }

  get journal(): Journal {
    return (this.#opened ?? expect.fail('the journal is not open')).journal;
  }

  get found(): Found {
    return (this.#opened ?? expect.fail('the journal is not open')).found;
  }

  /** A short word for how the journal is: `well`, or the errno and where records go. */
  get health(): string {
    const { health } = this.journal;
    return health.kind === 'well' ? 'well' : `${health.error.code} ${health.place}`;
  }

  open(more: Pick<JournalOptions, 'setsTailAside'> = {}): Found {
    this.#opened = Journal.open({
      sys: this.sys,
      dir: DIR,
      fallbackDir: FALLBACK_DIR,
      bootId: this.bootId,
      limits: this.limits,
      told: (report) => this.reports.push(report),
      ...more,
    });
    this.control.settle();
    return this.found;
  }

  /** SIGKILL of archond. */
  kill(): void {
    this.control.killArchond();
    this.control.settle();
    this.sys = this.control.startArchond();
    this.#opened = undefined;
  }

  killAndOpen(): Found {
    this.kill();
    return this.open();
  }

  /** The clean end; returns whether it is on the disk. */
  close(): boolean {
    const results: boolean[] = [];
    this.journal.close((result) => results.push(result.ok));
    this.control.settle();
    expect(results).toHaveLength(1);
    expect(this.control.openDescriptors()).toEqual([]);
    return results[0] === true;
  }

  closeAndOpen(): Found {
    this.close();
    return this.killAndOpen();
  }

  /** The machine goes down; of each file what was synced is left, and as much of the rest as `kept` says. The runtime folder is empty then. */
  reboot(kept: (syncedBytes: number, sizeBytes: number, path: string) => number = (synced) => synced): void {
    this.kill();
    this.disk.losePower(STATE_DISK, kept);
    for (const path of this.paths(RUNTIME_DISK)) this.control.kernel.files.remove(path);
    this.bootId = `boot-${Number(this.bootId.slice(5)) + 1}`;
  }

  rebootAndOpen(kept?: (syncedBytes: number, sizeBytes: number, path: string) => number): Found {
    this.reboot(kept);
    return this.open();
  }

  /** Syncs, and returns the errno or `ok`. */
  sync(): string {
    const results: string[] = [];
    this.journal.sync((result) => results.push(result.ok ? 'ok' : result.error.code));
    expect(results).toEqual([]);
    this.control.settle();
    return results.join();
  }

  /** Lets time pass until the journal has looked after its folder so many times. */
  retry(times = 1): void {
    for (let time = 0; time < times; time += 1) {
      const atMs = this.journal.retry(this.control.nowMs());
      if (atMs > this.control.nowMs()) this.control.advanceTo(atMs);
      this.journal.retry(this.control.nowMs());
      this.control.settle();
    }
  }

  /** Appends events with these labels, one after the other. */
  append(...labels: string[]): void {
    for (const label of labels) this.journal.append(event(label, { timeNs: this.sys.clock.realtimeNs() }));
  }

  /** Appends an event that is larger than a small checkpoint: where segments are to be tiny each gets one of its own. */
  appendLarge(label: string): void {
    const timeNs = this.sys.clock.realtimeNs();
    this.journal.append(event(label, { timeNs, details: [['text', 'x'.repeat(1000)]] }));
  }

  /** Everything that the query gives, and `gap` where something is missing. */
  query(query: EventQuery = {}): (EventRecord | 'gap')[] {
    return readAll(this.journal.events(query));
  }

  /** The same in short: `<sequence> <label>` each. */
  lines(query: EventQuery = {}): string[] {
    return this.query(query).map((found) => (found === 'gap' ? 'gap' : `${found.sequence} ${found.label}`));
  }

  /** What the next archond would remember: `<kind>/<key>` and the value each, sorted. */
  remembered(): string[] {
    return this.found.remembered
      .map(({ kind, key, value }) => `${kind}/${key}=${JSON.stringify(value)}`)
      .sort();
  }

  /** Files and folders below a folder. */
  paths(folder: string): string[] {
    return this.control.kernel.files.paths().filter((path) => path.startsWith(`${folder}/`));
  }

  /** The segments of a folder by their names. */
  segments(folder = DIR): string[] {
    return this.paths(folder).filter((path) => path.endsWith('.journal'));
  }

  /** What all files below the state and the runtime folder hold. */
  files(): Map<string, Buffer> {
    const paths = [...this.paths(STATE_DISK), ...this.paths(RUNTIME_DISK)];
    const isFile = (path: string): boolean => this.control.kernel.files.node(path)?.kind === 'file';
    return new Map(paths.filter(isFile).map((path) => [path, Buffer.from(this.bytes(path))]));
  }

  /** Puts other files in the place of all that are there. Archond has to be dead. */
  replaceFiles(wanted: ReadonlyMap<string, Buffer>): void {
    for (const path of this.files().keys()) this.control.kernel.files.remove(path);
    for (const [path, bytes] of wanted) {
      this.control.kernel.files.put(path, {
        kind: 'file',
        mode: 0o600,
        uid: 0,
        chunks: [bytes],
        changedAtNs: 0n,
      });
    }
  }

  bytes(path: string): Buffer {
    return Buffer.from(this.control.kernel.files.read(path) ?? expect.fail(`there is no ${path}`));
  }
}

/** An event of no importance. */
export function event(label: string, more: Partial<NewEvent> = {}): NewEvent {
  return { timeNs: 1_700_000_000_000_000_000n, label, kind: 'note', details: [], ...more };
}

/** Reads a cursor to its end. */
export function readAll(cursor: EventCursor): (EventRecord | 'gap')[] {
  const found: (EventRecord | 'gap')[] = [];
  for (;;) {
    const slice = cursor.next();
    if (slice.isGap) found.push('gap');
    found.push(...slice.events);
    if (slice.isLast) return found;
  }
}
