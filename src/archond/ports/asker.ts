import type { Supervisor } from '../supervisor.ts';
import { belongs } from '../probes/membership.ts';
import type { ProcessEntry, Sys } from '../../sys/sys.ts';
import { isUnitCommand } from '../unit-commands.ts';

/** The unit of the configuration to whose tree a process belongs now; undefined where it is of none, or has ended. */
export function unitOfProcess(
  sys: Sys,
  supervisor: Pick<Supervisor, 'records'>,
  pid: number,
  done: (label: string | undefined) => void,
): void {
  const all = [...supervisor.records.values()].flatMap((record) =>
    record.beside === undefined ? [record] : [record, record.beside],
  );
  const live = all.flatMap(({ configured, label, ref, pid: main }) =>
    configured === undefined || ref === undefined || sys.keeper.entry(ref)?.state === 'empty'
      ? []
      : [{ label, ref, main }],
  );
  const lookAt = (at: number): void => {
    const one = live[at];
    if (one === undefined) {
      done(undefined);
      return;
    }
    belongs(sys, one.ref, one.main, pid, (isMember) => {
      if (isMember) done(one.label);
      else lookAt(at + 1);
    });
  };
  lookAt(0);
}

/** Whether a process belongs to a tree of the unit; there are two while one generation takes over from another. */
export function isOfUnit(sys: Sys, label: string, pid: number, done: (isMember: boolean) => void): void {
  const trees = treesOf(sys, label);
  const next = (at: number): void => {
    const entry = trees[at];
    if (entry === undefined) {
      done(false);
      return;
    }
    /* A pid that has ended may be another's by now. */
    const main = entry.state === 'exited' || entry.state === 'empty' ? undefined : entry.pid;
    belongs(sys, entry, main, pid, (isMember) => {
      if (isMember) done(true);
      else next(at + 1);
    });
  };
  next(0);
}

/** The labels of which something runs, by the table. */
export function livingUnits(sys: Sys): ReadonlySet<string> {
  const living = sys.keeper.entries().filter((entry) => entry.state !== 'empty' && !isUnitCommand(entry));
  return new Set(living.map(({ label }) => label));
}

function treesOf(sys: Sys, label: string): readonly ProcessEntry[] {
  return sys.keeper.entries().filter((entry) => entry.label === label && !isUnitCommand(entry));
}
