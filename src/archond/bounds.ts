import { formatDuration } from '../base/duration.ts';
import type { RestartOver } from '../config/definition.ts';
import { isSameData } from '../config/same.ts';
import { Over } from '../monitor/over.ts';
import { readingEveryMs } from '../monitor/pace.ts';
import { NO_CAUSE } from '../supervisor/cause.ts';
import type { Cancel, Sys } from '../sys/sys.ts';
import type { Chronicle } from './chronicle.ts';
import type { Supervisor } from './supervisor.ts';
import { processDetails } from './told-details.ts';
import type { UnitRecord } from './unit-record.ts';
import type { UsageMonitor } from './usage.ts';

/** What bounds are watched and acted on with. */
export interface BoundsTools {
  readonly sys: Sys;
  readonly chronicle: Chronicle;
  readonly supervisor: Supervisor;
  readonly usage: UsageMonitor;
}

/** One generation of a unit, while it is running. */
interface Watch {
  readonly generation: number;
  readonly bounds: RestartOver;
  readonly memory: Over | undefined;
  readonly cpu: Over | undefined;
  cancel: Cancel;
}

/**
 * Bounds whose passing is answered by a restart (`restart-over`): of each such unit that is running its usage is read by
 * and by. What is over a bound for so long is told by an event `limit`, and that is the cause of its restart: as after a
 * failed health check, or by replacement where it is restarted so. The time over a bound begins anew with each
 * archond, and with other bounds.
 */
export class Bounds {
  readonly #tools: BoundsTools;
  readonly #watches = new Map<UnitRecord, Watch>();

  constructor(tools: BoundsTools) {
    this.#tools = tools;
  }

  /** The units of the configuration are looked after from now on, as they are defined now. */
  follow(records: Iterable<UnitRecord>): void {
    for (const record of records) {
      if (record.configured !== undefined) record.observers.add(this.#look);
      this.#look(record);
    }
  }

  readonly #look = (record: UnitRecord): void => {
    const { unit, configured } = record;
    const bounds = configured?.definition.restartOver;
    const watch = this.#watches.get(record);
    const isRunning = unit.state.kind === 'running' && bounds !== undefined;
    const isSame = watch?.generation === unit.generation && isSameData(watch.bounds, bounds);
    if (isRunning && isSame) return;
    watch?.cancel();
    this.#watches.delete(record);
    if (!isRunning) return;
    const { memoryBytes, cpuPercent, forMs } = bounds;
    const begun: Watch = {
      generation: unit.generation,
      bounds,
      memory: memoryBytes === undefined ? undefined : new Over(memoryBytes, forMs),
      cpu: cpuPercent === undefined ? undefined : new Over(cpuPercent, forMs),
      cancel: () => undefined,
    };
    this.#watches.set(record, begun);
    this.#await(record, begun);
  };

  #await(record: UnitRecord, watch: Watch): void {
    const { clock, timers } = this.#tools.sys;
    const everyMs = readingEveryMs(watch.bounds.forMs, this.#watches.size);
    watch.cancel = timers.at(clock.monotonicMs() + everyMs, () => {
      void this.#read(record, watch);
    });
  }

  async #read(record: UnitRecord, watch: Watch): Promise<void> {
    const used = await this.#tools.usage.read(record);
    if (this.#watches.get(record) !== watch) return;
    this.#await(record, watch);
    if (used === undefined) return;
    const atMs = this.#tools.sys.clock.monotonicMs();
    const { memoryBytes, cpuPercent } = used;
    const isOverMemory = watch.memory?.take(memoryBytes, atMs) === true;
    const isOverCpu = watch.cpu?.take(cpuPercent, atMs) === true;
    if (isOverMemory) this.#restart(record, watch, 'memory', memoryBytes, watch.bounds.memoryBytes);
    else if (isOverCpu)
      this.#restart(record, watch, 'cpu', Math.round(cpuPercent * 10) / 10, watch.bounds.cpuPercent);
  }

  #restart(
    record: UnitRecord,
    { generation, bounds }: Watch,
    what: string,
    value: number,
    bound: number | undefined,
  ): void {
    const { chronicle, supervisor } = this.#tools;
    const details = [
      ...processDetails(record.pid, generation),
      ['what', what],
      ['value', String(value)],
      ['bound', String(bound)],
      ['for', formatDuration(bounds.forMs)],
    ] as const;
    const cause = chronicle.append(record.label, 'limit', details, NO_CAUSE);
    chronicle.flush();
    if (record.configured?.isReplaced === true)
      supervisor.replacements.order(record, { failure: undefined }, cause);
    else supervisor.post(record, { kind: 'unhealthy', generation, cause });
  }
}
