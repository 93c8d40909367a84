import type { Journal } from '../../journal/journal.ts';
import type { Supervisor } from '../supervisor.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { PastUnit } from './past-units.ts';

/** What a picture of all units is called in the journal; it is forgotten at once, so that no checkpoint repeats it. */
export const SNAPSHOT_KIND = 'units';

/** A larger one would fill the segments that it is to be found in; without it more is read. */
const MOST_BYTES = 262_144;

/** A unit in a picture: what `PastUnit` has, and what began it. */
export interface PicturedUnit extends PastUnit {
  readonly begunBy: string | undefined;
  readonly hasRun: boolean;
}

/**
 * Writes down how all units are, once in each segment of the journal, at an instant at which no step is under way: so the past
 * need not be told from its beginning.
 */
export class Snapshots {
  readonly #journal: Journal;
  readonly #supervisor: Supervisor;
  #segment: number | undefined;
  #isDue = false;

  constructor(journal: Journal, supervisor: Supervisor) {
    this.#journal = journal;
    this.#supervisor = supervisor;
    this.#segment = journal.segment;
  }

  /** Something was written. */
  look(): void {
    if (this.#isDue || this.#journal.segment === this.#segment) return;
    this.#isDue = true;
    this.#supervisor.whenIdle(() => {
      this.#isDue = false;
      this.#segment = this.#journal.segment;
      if (this.#segment !== undefined) this.#write();
    });
  }

  #write(): void {
    const rows = [...this.#supervisor.records.values()].map((record) => {
      const { label, unit, shownState, sinceNs } = record;
      const { origin } = unit.spec;
      const begunBy = origin === 'run' ? 'Run' : origin === 'daemon' ? 'StartDaemon' : null;
      const hasRun = shownState !== 'starting' && shownState !== 'waiting';
      const pid = livePid(record) ?? null;
      return [
        label,
        shownState,
        pid,
        String(sinceNs),
        unit.history.restarts,
        lastExit(unit.lastEnd),
        begunBy,
        hasRun,
      ];
    });
    if (JSON.stringify(rows).length > MOST_BYTES) return;
    this.#journal.remember(SNAPSHOT_KIND, '', rows);
    this.#journal.forget(SNAPSHOT_KIND, '');
    this.#journal.flush();
  }
}

/** The units of a picture by their labels; undefined where the value is none. */
export function readSnapshot(value: unknown): ReadonlyMap<string, PicturedUnit> | undefined {
  if (!Array.isArray(value)) return undefined;
  const units = new Map<string, PicturedUnit>();
  for (const row of value as readonly (readonly [
    string,
    PastUnit['state'],
    number | null,
    string,
    number,
    string,
    string | null,
    boolean,
  ])[]) {
    const [label, state, pid, since, restarts, exit, begunBy, hasRun] = row;
    const sinceNs = /^\d{1,20}$/.test(since) ? BigInt(since) : undefined;
    units.set(label, {
      state,
      pid: pid ?? undefined,
      sinceNs,
      restarts,
      lastExit: exit,
      begunBy: begunBy ?? undefined,
      hasRun,
    });
  }
  return units;
}
