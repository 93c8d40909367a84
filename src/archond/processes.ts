import type { ProcessRef, Sys } from '../sys/sys.ts';
import type { Effect } from '../supervisor/effect.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import { errnoNumber } from '../base/errno.ts';
import { spawnOrder, type Launch } from './launch.ts';
import type { Log } from './log.ts';
import type { MemoryKills } from './memory-kills.ts';
import { NOTHING_GIVEN } from './probes/unit-probes.ts';
import type { StandardStreams } from './standard-streams.ts';
import { toTags } from './tags.ts';
import type { UnitRecord } from './unit-record.ts';

const ENODATA = 61;
const SIGCONT = 18;

/** What is asked of the keeper for units: the spawns, signals and kills that steps ask for. */
export class Processes {
  readonly #sys: Sys;
  readonly #streams: StandardStreams;
  readonly #log: Log;
  readonly #memoryKills: Pick<MemoryKills, 'forget'>;
  readonly #post: (record: UnitRecord, event: UnitEvent) => void;
  readonly #byGeneration = new Map<number, UnitRecord>();
  /** As whom archond runs. */
  readonly #uid: number;
  #generation: number;

  /** @param post takes what the keeper answers */
  constructor(
    sys: Sys,
    log: Log,
    streams: StandardStreams,
    uid: number,
    memoryKills: Pick<MemoryKills, 'forget'>,
    post: (record: UnitRecord, event: UnitEvent) => void,
  ) {
    this.#memoryKills = memoryKills;
    this.#log = log;
    this.#sys = sys;
    this.#streams = streams;
    this.#uid = uid;
    this.#post = post;
    this.#generation = sys.keeper.lastGeneration();
  }

  /** The number that the next spawn gets. */
  get nextGeneration(): number {
    return this.#generation + 1;
  }

  /** Uses up a number. */
  takeGeneration(): number {
    this.#generation += 1;
    return this.#generation;
  }

  /** The unit whose spawn this is, as long as the spawn is not known to be empty. */
  owner({ generation }: ProcessRef): UnitRecord | undefined {
    return this.#byGeneration.get(generation);
  }

  /** The unit has this spawn: what is told of it is the unit's. */
  own(record: UnitRecord, { index, generation }: ProcessRef): void {
    this.#byGeneration.set(generation, record);
    record.ref = { index, generation };
  }

  /** Two have exchanged their spawns. */
  exchanged(...records: readonly [UnitRecord, UnitRecord]): void {
    for (const record of records)
      if (record.ref !== undefined) this.#byGeneration.set(record.ref.generation, record);
  }

  /** The spawn is empty: nothing more is told of it. */
  disown(generation: number): void {
    this.#byGeneration.delete(generation);
  }

  /** The signals of the stop ladder: what stands still is to hear that it shall end. */
  signal({ ref, pid }: UnitRecord, { generation, signal, scope }: Extract<Effect, { kind: 'signal' }>): void {
    if (ref?.generation !== generation) return;
    const first = this.#sys.keeper.entry(ref)?.pid;
    if (scope === 'main' && pid !== undefined && pid !== first) this.#signalOther(pid, signal);
    else this.#sys.keeper.signalAndWake(ref, signal, scope, () => undefined);
  }

  /** The main process is one that the unit has named. */
  #signalOther(pid: number, signal: number): void {
    const pidfd = this.#sys.pidfds.open(pid);
    if (!pidfd.ok) return;
    this.#sys.pidfds.signal(pidfd.value, signal);
    this.#sys.pidfds.signal(pidfd.value, SIGCONT);
    this.#sys.descriptors.close(pidfd.value);
  }

  /** Most leave nothing behind: what the table says is empty needs no killing. */
  kill({ ref }: UnitRecord, generation: number): void {
    if (ref?.generation !== generation || this.#sys.keeper.entry(ref)?.state === 'empty') return;
    this.#sys.keeper.kill(ref, () => undefined);
  }

  /** Asks for the spawn of a number that was taken for it. Those of several units are asked for in the order of their numbers. */
  spawn(record: UnitRecord, generation: number): void {
    this.giveBack(record);
    const { label } = record;
    const launch = this.#launchOf(record, generation);
    if (launch === undefined) return;
    /* Only root may give a pipe away; who is not becomes nobody else either, and the child says so at its stage `user`. */
    const uid = this.#uid === 0 ? (launch.user?.uid ?? 0) : this.#uid;
    /* What two generations of a unit write goes to its one log, by the same pipes. */
    const unit = record.besideOf ?? record;
    const descriptors = this.#streams.forProcess(unit, uid, generation);
    if (!descriptors.ok) {
      this.#refuse(record, generation, 'descriptors', descriptors.error.code, descriptors.error.errno);
      return;
    }
    const given = record.configured?.prepare(generation, uid, launch);
    if (given?.ok === false) {
      const { stage, code, errno, explain } = given.error;
      const refuse = (): void => {
        this.#refuse(record, generation, stage, code, errno);
      };
      if (explain === undefined) refuse();
      else explain(record.unit.cause, refuse);
      return;
    }
    const tags = toTags({ spec: unit.unit.spec, keep: record.keep, owner: record.owner });
    const own = given?.value ?? NOTHING_GIVEN;
    const treeLimits = record.configured?.treeLimits;
    const order = spawnOrder(
      own.env.length === 0 ? launch : { ...launch, env: new Map([...launch.env, ...own.env]) },
      label,
      generation,
      [...descriptors.value, ...own.descriptors],
      tags,
      {
        ...(unit.output === undefined ? {} : { outputPipe: unit.output.identity }),
        ...(unit.errorOutput === undefined ? {} : { errorPipe: unit.errorOutput.identity }),
        ...(treeLimits === undefined ? {} : { treeLimits }),
      },
      own.listenPid,
    );
    this.#byGeneration.set(generation, record);
    this.#sys.keeper.spawn(order, (answer) => {
      if (answer.ok) {
        record.ref = { index: answer.value.index, generation };
        record.pid = answer.value.pid;
        record.startTicks = answer.value.startTicks;
        /* Whoever reads at the other end is to see its end with that of the process. */
        if (record.unit.spec.restart.policy === 'never') this.#streams.closeGiven(record);
        record.configured?.probes.spawned(record.ref, answer.value.pid);
        this.#post(record, { kind: 'spawned', generation, pid: answer.value.pid });
      } else {
        this.disown(generation);
        record.configured?.probes.over(generation);
        const { stage = 'fork', code, errno } = answer.error;
        this.#refuse(record, generation, stage, code, errno);
      }
    });
  }

  /** How the process is made; undefined where that was refused. */
  #launchOf(record: UnitRecord, generation: number): Launch | undefined {
    const made = record.configured?.launch();
    if (made === undefined) {
      if (record.launch === undefined) this.#refuse(record, generation, 'request', 'ENODATA', ENODATA);
      return record.launch;
    }
    if (made.ok) {
      record.launch = made.value;
      return made.value;
    }
    const { code, message } = made.error;
    this.#log.warn('a process cannot be made', { label: record.label, why: message });
    this.#refuse(record, generation, 'environment', code, errnoNumber(code) ?? 0);
    return undefined;
  }

  #refuse(record: UnitRecord, generation: number, stage: string, code: string, errno: number): void {
    this.#post(record, { kind: 'refused', generation, end: { kind: 'not-executed', stage, errno, code } });
  }

  /** Returns the entry of the last process, whose end has been taken note of. */
  giveBack(record: UnitRecord): void {
    if (record.ref !== undefined) {
      this.#sys.keeper.free(record.ref, () => undefined);
      this.#memoryKills.forget(record.ref.generation);
    }
    record.ref = undefined;
    record.pid = undefined;
    record.startTicks = undefined;
  }
}
