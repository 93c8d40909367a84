import { belongs } from '../probes/membership.ts';
import type { Cause } from '../../supervisor/cause.ts';
import type { Cancel } from '../../sys/sys.ts';
import type { House } from '../house.ts';
import { isDown } from '../outcome.ts';
import { isUnitCommand } from '../unit-commands.ts';
import { request } from './acts.ts';

/** How often processes are looked for that rules want watched. */
const EVERY_MS = 2000;
/** More of one name are not watched. */
const MOST_OF_NAME = 1000;

/** Has processes watched that were not started here, where files of rules say so by `watch_process`. */
export class Watching {
  readonly #house: House;
  #cancel: Cancel | undefined;

  constructor(house: House) {
    this.#house = house;
  }

  /** Has them looked for now and then, as long as any file wants that. */
  look(isWanted: () => boolean, scan: () => void): void {
    if (this.#cancel !== undefined || !isWanted()) return;
    const { timers, clock } = this.#house.sys;
    scan();
    this.#cancel = timers.at(clock.monotonicMs() + EVERY_MS, () => {
      this.#cancel = undefined;
      this.look(isWanted, scan);
    });
  }

  close(): void {
    this.#cancel?.();
  }

  /** A process was found: it is watched under the name, unless it is already, or was started here. */
  found(name: string, pid: number, cause: Cause): void {
    const { supervisor, ownPids } = this.#house;
    if (ownPids.has(pid)) return;
    for (const record of supervisor.records.values()) if (record.pid === pid && !isDown(record)) return;
    this.#isOurs(pid, (isOurs) => {
      const label = isOurs ? undefined : this.#labelFor(name);
      if (label === undefined) return;
      request(this.#house, ['MonitorPid', String(pid), `@label=${label}`], cause, (reply) => {
        /* It may have ended by now. */
        if (reply.kind === 'error' && reply.failure.code !== 'not-found')
          this.#house.log.warn('a process cannot be watched', { label, pid, why: reply.failure.message });
      });
    });
  }

  /** The name, or with a number behind it while it is taken. */
  #labelFor(name: string): string | undefined {
    const { records } = this.#house.supervisor;
    for (let number = 1; number <= MOST_OF_NAME; number += 1) {
      const label = number === 1 ? name : `${name}-${number}`;
      const record = records.get(label);
      if (record === undefined || (record.unit.spec.origin === 'watched' && isDown(record))) return label;
    }
    return undefined;
  }

  /** Whether it belongs to what was started here. */
  #isOurs(pid: number, done: (isOurs: boolean) => void): void {
    const { sys } = this.#house;
    const trees = sys.keeper.entries().filter((entry) => entry.state !== 'empty');
    const next = (at: number): void => {
      const entry = trees[at];
      if (entry === undefined) {
        done(false);
        return;
      }
      const main = entry.state === 'exited' || isUnitCommand(entry) ? undefined : entry.pid;
      belongs(sys, entry, main, pid, (isMember) => {
        if (isMember) done(true);
        else next(at + 1);
      });
    };
    next(0);
  }
}
