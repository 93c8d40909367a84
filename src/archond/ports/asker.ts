import type { Supervisor } from '../supervisor.ts';
import { belongs } from '../probes/membership.ts';
import type { Sys } from '../../sys/sys.ts';

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
