import type { Answer, Descriptor, Sys } from '../sys/sys.ts';
import { NO_CAUSE } from '../supervisor/cause.ts';
import { unitSpec } from '../supervisor/unit.ts';
import type { Supervisor } from './supervisor.ts';
import type { UnitRecord } from './unit-record.ts';

const PREFIX = 'watch:';

/** What the keeper calls the descriptor of a watched process. */
function watchName(label: string): string {
  return `${PREFIX}${label}`;
}

/** The label whose watch the keeper calls so, if it is one. */
export function watchedLabel(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

/**
 * Watches a process that was not started here, as a unit; its label must be free. The descriptor is the
 * record's from then on. `pid` is undefined once the process has been reaped.
 *
 * @param stored told when the keeper holds the descriptor too, so that the watch outlives archond
 */
export function watch(
  sys: Sys,
  supervisor: Supervisor,
  label: string,
  pidfd: Descriptor,
  pid: number | undefined,
  stored: Answer<number> = () => undefined,
): UnitRecord {
  const spec = unitSpec({ label, origin: 'watched' });
  const stdio = [undefined, undefined, undefined] as const;
  const record = supervisor.add({ spec, launch: undefined, stdio, keep: true });
  const generation = supervisor.takeGeneration();
  record.pid = pid;
  const startedAtMs = sys.clock.monotonicMs();
  supervisor.put(record, { generation, pid: pid ?? 0, startedAtMs, stage: 'alive', cause: NO_CAUSE });
  sys.keeper.store(watchName(label), pidfd, true, stored);
  const cancel = sys.pidfds.watch(pidfd, (end) => {
    supervisor.post(record, { kind: 'exited', generation, end });
    supervisor.post(record, { kind: 'emptied', generation });
  });
  const stop = (): void => {
    cancel();
    sys.keeper.drop(watchName(label), () => undefined);
    sys.descriptors.close(pidfd);
  };
  record.watched = { pidfd, end: stop };
  return record;
}
