import fc from 'fast-check';
import { expect } from 'vitest';
import type { Remembered } from '../../src/journal/payload.ts';
import { event, RUNTIME_DISK, STATE_DISK, type Rig } from './rig.ts';

/** One thing that is done to a journal, or happens to it. */
export type Step =
  | { readonly kind: 'append'; readonly label: string; readonly size: number }
  | ({ readonly kind: 'remember' } & Pick<Remembered, 'key'> & { readonly value: number })
  | { readonly kind: 'forget'; readonly key: string }
  | { readonly kind: 'flush' | 'sync' | 'retry' | 'kill' | 'close' }
  /** A death after so many bytes of what is written next. */
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'break'; readonly disk: string; readonly code: string }
  | { readonly kind: 'fill'; readonly disk: string; readonly bytes: number }
  | { readonly kind: 'repair'; readonly disk: string }
  /** Loss of power; of what was not synced this part is left, in thousandths. */
  | { readonly kind: 'reboot'; readonly left: number };

const WITNESS = `${RUNTIME_DISK}/journal/witness`;

const disk = fc.constantFrom(STATE_DISK, STATE_DISK, RUNTIME_DISK);
const key = fc.constantFrom('a', 'b', 'c', 'constructor');

const append: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('append'),
  label: fc.constantFrom('web', 'db', 'github.com/relab/kvsd'),
  size: fc.nat(60),
});
const change: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('remember'), key, value: fc.nat(9) }),
  fc.record({ kind: fc.constant('forget'), key }),
);
const order: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('flush', 'flush', 'flush', 'sync', 'retry', 'kill', 'close'),
});
const misfortune: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('cut'), bytes: fc.nat(400) }),
  fc.record({ kind: fc.constant('break'), disk, code: fc.constantFrom('EIO', 'EDQUOT') }),
  fc.record({ kind: fc.constant('fill'), disk, bytes: fc.nat(600) }),
  fc.record({ kind: fc.constant('repair'), disk }),
  fc.record({ kind: fc.constant('repair'), disk }),
  fc.record({ kind: fc.constant('reboot'), left: fc.nat(1000) }),
);

/** Steps in any order, records most of all. */
export const steps = fc.array(
  fc.oneof(
    { arbitrary: append, weight: 6 },
    { arbitrary: change, weight: 4 },
    { arbitrary: order, weight: 6 },
    { arbitrary: misfortune, weight: 3 },
  ),
  { maxLength: 80, size: 'max' },
);

type Given =
  | { readonly kind: 'event'; readonly sequence: number; readonly text: string }
  | { readonly kind: 'value'; readonly key: string; readonly value: number | undefined };

/** What a journal has to know, kept in the simplest way: all records in their order. */
export class Oracle {
  readonly rig: Rig;
  #given: Given[] = [];
  /** So many of them were flushed. */
  #flushed = 0;
  /** So many of them are in a file, wherever. */
  #inFiles = 0;
  /** So many of them outlive a loss of power. */
  #synced = 0;
  readonly #repairs = new Map<string, (() => void)[]>();
  /** Events that were not synced before a loss of power: they may be missing. */
  readonly #doubtful = new Set<string>();

  constructor(rig: Rig) {
    this.rig = rig;
  }

  take(step: Step): void {
    const { rig } = this;
    switch (step.kind) {
      case 'append':
        this.#append(step.label, step.size);
        return;
      case 'remember':
        rig.journal.remember('unit', step.key, step.value);
        this.#given.push({ kind: 'value', key: step.key, value: step.value });
        return;
      case 'forget':
        rig.journal.forget('unit', step.key);
        this.#given.push({ kind: 'value', key: step.key, value: undefined });
        return;
      case 'flush':
        rig.journal.flush();
        this.#noteFlushed();
        return;
      case 'sync':
        if (rig.sync() === 'ok') this.#synced = this.#given.length;
        this.#noteFlushed();
        return;
      case 'retry':
        rig.retry();
        this.#noteFlushed();
        return;
      case 'kill':
        this.#kill();
        return;
      case 'close':
        this.#close();
        return;
      case 'cut':
        this.#cut(step.bytes);
        return;
      case 'break':
        this.#onDisk(
          step.disk,
          rig.disk.fail(step.disk, step.code, ['write', 'open', 'fdatasync', 'rename']),
        );
        return;
      case 'fill':
        this.#onDisk(step.disk, rig.disk.limit(step.disk, step.bytes));
        return;
      case 'repair':
        this.#repair(step.disk);
        return;
      case 'reboot':
        this.#reboot(step.left);
        return;
    }
  }

  /** All events are there, once, in their order, as they were given. Looks only where nothing is pending, since looking flushes. */
  check(): void {
    const { rig } = this;
    if (this.#flushed < this.#given.length) return;
    const found = rig.query();
    const wanted = this.#given.flatMap((given) =>
      given.kind === 'event' ? [`${given.sequence} ${given.text}`] : [],
    );
    const events = found.filter((one) => one !== 'gap').map((one) => `${one.sequence} ${one.label}`);
    const held = new Set(events);
    expect(events).toEqual(wanted.filter((line) => held.has(line) || !this.#doubtful.has(line)));
    expect(found.includes('gap')).toBe(events.length < wanted.length);
    this.#checkKept(wanted);
  }

  /** From the first that is said to be kept, everything is. */
  #checkKept(wanted: readonly string[]): void {
    const { journal } = this.rig;
    const from = journal.firstKept();
    expect(this.rig.lines({ after: from - 1 })).toEqual(wanted.slice(from - 1));
    expect(this.rig.lines({ last: 3 })).toEqual(
      this.rig
        .lines()
        .filter((line) => line !== 'gap')
        .slice(-3),
    );
  }

  #append(label: string, size: number): void {
    const text = `${label}${'x'.repeat(size)}`;
    const timeNs = this.rig.sys.clock.realtimeNs();
    const sequence = this.rig.journal.append(event(text, { timeNs }));
    expect(sequence).toBe(1 + this.#given.filter(({ kind }) => kind === 'event').length);
    this.#given.push({ kind: 'event', sequence, text });
  }

  #noteFlushed(): void {
    this.#flushed = this.#given.length;
    if (!this.rig.health.endsWith('memory')) this.#inFiles = this.#flushed;
  }

  #kill(): void {
    const { health, journal } = this.rig;
    // Where the runtime folder did not take it, nothing proves that all is there.
    const isWitnessed = this.rig.paths(RUNTIME_DISK).includes(WITNESS);
    this.rig.killAndOpen();
    this.#findPrefix(this.#inFiles, 'killed');
    if (health === 'well' && isWitnessed)
      expect(this.rig.found).toMatchObject({ idChange: undefined, journalId: journal.journalId });
    else this.#expectOtherId(journal.journalId);
  }

  #cut(bytes: number): void {
    const { rig } = this;
    const { health, journal } = rig;
    rig.disk.cutNextWrite(STATE_DISK, bytes, () => rig.control.killArchond());
    try {
      journal.flush();
    } catch {
      // Archond died in the middle of it.
    }
    if (rig.control.archondAlive) {
      this.#noteFlushed();
      rig.disk.cutNextWrite('/nowhere', 0, () => undefined);
      return;
    }
    rig.killAndOpen();
    this.#findPrefix(this.#inFiles, 'cut');
    if (health !== 'well') this.#expectOtherId(journal.journalId);
  }

  #close(): void {
    const { journal } = this.rig;
    const isDurable = this.rig.close();
    this.#flushed = this.#given.length;
    const isInFiles = isDurable || !this.rig.health.endsWith('memory');
    if (isInFiles) this.#inFiles = this.#flushed;
    if (isDurable) this.#synced = this.#flushed;
    this.rig.killAndOpen();
    this.#findPrefix(this.#inFiles, 'closed');
    if (isDurable && this.rig.health === 'well') expect(this.rig.journal.journalId).toBe(journal.journalId);
  }

  #reboot(left: number): void {
    const { journalId } = this.rig.journal;
    for (const given of this.#given.slice(this.#synced)) {
      if (given.kind === 'event') this.#doubtful.add(`${given.sequence} ${given.text}`);
    }
    this.rig.rebootAndOpen((synced, size) => synced + Math.floor(((size - synced) * left) / 1000));
    this.#findPrefix(this.#synced, 'without power');
    this.#expectOtherId(journalId);
  }

  #expectOtherId(journalId: string): void {
    // It may be that of a clean end from before, which the other could not take back.
    expect(this.rig.journal.journalId).not.toBe(journalId);
  }

  /** What was found is what was given up to some record, and that is not before `least`. */
  #findPrefix(least: number, how: string): void {
    const { lastSequence } = this.rig.found;
    const remembered = this.rig.remembered();
    for (let length = this.#given.length; length >= least; length -= 1) {
      const prefix = this.#given.slice(0, length);
      const events = prefix.filter(({ kind }) => kind === 'event').length;
      if (events !== lastSequence || JSON.stringify(valuesOf(prefix)) !== JSON.stringify(remembered))
        continue;
      this.#given = prefix;
      this.#flushed = this.#inFiles = length;
      this.#synced = Math.min(this.#synced, length);
      return;
    }
    expect.fail(
      `${how}: event ${lastSequence} and ${remembered.join()} are at no place from record ${least} on of ${JSON.stringify(this.#given)}`,
    );
  }

  #onDisk(name: string, repair: () => void): void {
    this.#repairs.set(name, [...(this.#repairs.get(name) ?? []), repair]);
  }

  #repair(name: string): void {
    for (const repair of this.#repairs.get(name) ?? []) repair();
    this.#repairs.delete(name);
  }
}

function valuesOf(given: readonly Given[]): string[] {
  const values = new Map<string, number>();
  for (const record of given) {
    if (record.kind !== 'value') continue;
    if (record.value === undefined) values.delete(record.key);
    else values.set(record.key, record.value);
  }
  return [...values].map(([name, value]) => `unit/${name}=${value}`).sort();
}
