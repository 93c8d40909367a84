import type { EventRecord } from '../../base/event-record.ts';
import type { Sys } from '../../sys/sys.ts';
import { isDown } from '../outcome.ts';
import type { Supervisor } from '../supervisor.ts';

/** Path and command line of a unit's process, as far as they could be seen. */
export interface SeenProgram {
  readonly exe?: string;
  readonly command?: string;
}

/** Labels come and go; of more than this the oldest are forgotten. */
const MOST_KNOWN = 20_000;

/** What units run: looked at when a process comes up, for at its end there is nothing to be seen any more. */
export class Programs {
  readonly #sys: Pick<Sys, 'pidfds'>;
  readonly #known = new Map<string, SeenProgram>();

  constructor(sys: Pick<Sys, 'pidfds'>) {
    this.#sys = sys;
  }

  /** Looks at all that is there, where nobody has asked for it before. */
  lookAround({ records }: Pick<Supervisor, 'records'>): void {
    for (const record of records.values())
      if (record.pid !== undefined && !isDown(record) && !this.#known.has(record.label))
        this.#look(record.label, record.pid);
  }

  /** Something has happened: looks at what has come up. */
  see({ label, kind, details }: EventRecord): void {
    if (kind !== 'running' && kind !== 'adopted') return;
    this.#known.delete(label);
    const pid = Number(details.find(([name]) => name === 'pid')?.[1] ?? NaN);
    if (!Number.isNaN(pid)) this.#look(label, pid);
  }

  /** Of the process that a unit has, or had last. */
  of(label: string): SeenProgram {
    return this.#known.get(label) ?? {};
  }

  #look(label: string, pid: number): void {
    const found = this.#sys.pidfds.programOf(pid);
    if (found.exe === '' && found.command === '') return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MOST_KNOWN) this.#known.delete(oldest);
    this.#known.set(label, found);
  }
}
