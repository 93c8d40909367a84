import { describeErrno } from '../../base/errno.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { showComplaint } from '../../config/complaint.ts';
import type { Configuration } from '../../config/configuration.ts';
import { differenceOf, type Head, type UnitChange } from '../../config/difference.ts';
import { NO_CAUSE, type Cause } from '../../supervisor/cause.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Bounds } from '../bounds.ts';
import type { Chronicle } from '../chronicle.ts';
import type { InForce } from '../configuration.ts';
import type { ConfiguredUnits } from '../configured/configured-units.ts';
import type { Trial } from '../in-force-state.ts';
import type { Log } from '../log.ts';
import type { HeldPorts } from '../ports/held-ports.ts';
import type { OnConnect } from '../ports/on-connect.ts';
import type { OwnBinding } from '../ports/own-binding.ts';
import type { StandardStreams } from '../standard-streams.ts';
import type { Supervisor } from '../supervisor.ts';
import type { Details } from '../told-details.ts';
import { bringTo, stateAfter } from './apply.ts';
import type { ComingOfAge } from './coming-of-age.ts';
import type { Departures } from './departures.ts';
import { outlookOn, recordOf, type Outlook } from './outlook.ts';
import { resume } from './resume.ts';
import { tellOf, wrongness } from './telling.ts';

/** What a reload works with. */
export interface ReloadTools {
  readonly sys: Sys;
  readonly log: Log;
  readonly inForce: InForce;
  readonly chronicle: Chronicle;
  readonly supervisor: Supervisor;
  readonly streams: StandardStreams;
  readonly configured: ConfiguredUnits;
  readonly ports: HeldPorts;
  readonly binding: OwnBinding;
  readonly onConnect: OnConnect;
  readonly departures: Departures;
  readonly comingOfAge: ComingOfAge;
  readonly bounds: Bounds;
  /** Whether everything is going down. */
  isEnding(): boolean;
  /** These keys beside the units have changed. */
  headsChanged(heads: readonly Head[]): void;
}

/** What is asked for. */
export interface Wanted {
  /** Only to be looked at. */
  readonly isCheck: boolean;
  /** So long it holds on trial. */
  readonly confirmMs?: number | undefined;
  readonly cause: Cause;
  /** What is told of it beside what it comes to. */
  readonly details?: Details;
  /** Nobody wants it any more. */
  isDropped(): boolean;
  /** Told once: what it has come to, or would; or why nothing has changed. */
  done(outcome: Result<Outlook, Failure>): void;
}

/** What could not be put back is tried again after so long. */
const AGAIN_MS = 1000;

/**
 * Another configuration comes into force. The files are read in a process apart, one reload after the other; what is wrong with
 * them changes nothing. What is decided is written down first, and then done within one step, so that whoever dies in between is
 * followed by one that has the old set, or the new one and goes on to it.
 */
export class Reload {
  readonly #tools: ReloadTools;
  readonly #queue: Wanted[] = [];
  #isLoading = false;
  #cancelTrial: Cancel = () => undefined;

  constructor(tools: ReloadTools) {
    this.#tools = tools;
  }

  /** Goes on where an earlier archond stopped; where it never was in force before, there is nothing. */
  resume(cause: Cause): void {
    resume(this.#tools, cause);
    this.#watchTrial();
  }

  /** The files are to be read anew. */
  order(wanted: Wanted): void {
    this.#queue.push(wanted);
    this.#next();
  }

  /** The same by a signal; of several that come at once one is enough. `over`: it has come to something. */
  orderBySignal(name: string, over: () => void): void {
    const { log } = this.#tools;
    const isWaiting = this.#queue.some(({ details }) => details !== undefined);
    if (isWaiting || this.#tools.isEnding()) {
      over();
      return;
    }
    this.order({
      isCheck: false,
      cause: NO_CAUSE,
      details: [['signal', name]],
      isDropped: () => false,
      done: (outcome) => {
        over();
        if (outcome.ok) log.info('reloaded', { changes: countOf(outcome.value) });
        else log.error('the configuration was not reloaded', { why: outcome.error.message });
      },
    });
  }

  /** What is in force on trial stays; answers with what that has changed, or that nothing was on trial. */
  confirm(cause: Cause): Result<readonly UnitChange[], Failure> {
    const { inForce, chronicle } = this.#tools;
    const { trial, ...state } = inForce.state;
    if (trial === undefined) return err(failure('conflict', 'nothing waits to be confirmed'));
    const kept = inForce.put(state);
    if (!kept.ok) return err(cannotKeep(kept.error.code));
    this.#cancelTrial();
    chronicle.append('', 'config', [['what', 'confirmed']], cause);
    chronicle.flush();
    const { units } = differenceOf(trial.before, state.configuration);
    return ok(units.filter(({ kind }) => kind !== 'unchanged'));
  }

  /** Nothing more is reloaded. */
  close(): void {
    this.#cancelTrial();
  }

  #next(): void {
    const [wanted] = this.#queue;
    if (this.#isLoading || wanted === undefined) return;
    this.#isLoading = true;
    this.#tools.inForce.load((loaded) => {
      this.#isLoading = false;
      this.#queue.shift();
      if (!wanted.isDropped()) {
        if (!loaded.ok) this.#refuse(wanted, loaded.error.map(showComplaint));
        else if (wanted.isCheck) this.#look(wanted, loaded.value);
        else this.#apply(wanted, loaded.value);
      }
      this.#next();
    });
  }

  #refuse(wanted: Wanted, complaints: readonly string[]): void {
    const { chronicle, log } = this.#tools;
    const { cause, details = [], isCheck } = wanted;
    const { failure: why, told } = wrongness(complaints);
    if (!isCheck) {
      chronicle.append('', 'config', [['what', 'refused'], ...details, ...told], cause);
      chronicle.flush();
      for (const complaint of complaints) log.warn('the configuration is wrong', { complaint });
    }
    wanted.done(err(why));
  }

  #look(wanted: Wanted, configuration: Configuration): void {
    this.#tools.supervisor.whenIdle(() => {
      const taken = this.#takenBy(configuration);
      wanted.done(taken === undefined ? ok(outlookOn(this.#tools, configuration)) : err(taken));
    });
  }

  #apply(wanted: Wanted, configuration: Configuration): void {
    const { inForce, sys } = this.#tools;
    const { cause, details = [], confirmMs } = wanted;
    this.#step(
      () => {
        if (this.#tools.isEnding()) return err(failure('shutting-down'));
        const taken = this.#takenBy(configuration);
        if (taken !== undefined) return err(taken);
        const { trial: earlier, configuration: present } = inForce.state;
        const untilAtMs = confirmMs === undefined ? undefined : sys.clock.monotonicMs() + confirmMs;
        const trial = untilAtMs === undefined ? earlier : { before: earlier?.before ?? present, untilAtMs };
        return this.#put(configuration, trial, [['what', 'reloaded'], ...details], cause);
      },
      (outcome) => {
        wanted.done(outcome);
      },
    );
  }

  /** What was there before the trial is there again. */
  #revert(): void {
    const { inForce, log, sys } = this.#tools;
    this.#step(
      () => {
        const { trial } = inForce.state;
        if (trial === undefined || this.#tools.isEnding()) return err(failure('conflict'));
        return this.#put(trial.before, undefined, [['what', 'reverted']], NO_CAUSE);
      },
      (outcome) => {
        if (outcome.ok) {
          log.warn('the configuration was not confirmed: the one before is in force again');
        } else if (inForce.state.trial !== undefined && !this.#tools.isEnding()) {
          log.error('the configuration before cannot be put back', { why: outcome.error.message });
          this.#cancelTrial = sys.timers.at(sys.clock.monotonicMs() + AGAIN_MS, () => {
            this.#revert();
          });
        }
      },
    );
  }

  /** Decides, writes down and acts as one step; then tells. */
  #step(decide: () => Result<Put, Failure>, done: (outcome: Result<Outlook, Failure>) => void): void {
    const { supervisor } = this.#tools;
    let outcome: Result<Put, Failure> = err(failure('internal'));
    supervisor.change(() => {
      outcome = decide();
      return outcome.ok ? outcome.value.change : undefined;
    });
    supervisor.whenIdle(() => {
      if (outcome.ok) this.#afterwards(outcome.value);
      done(outcome.ok ? ok(outcome.value.outlook) : outcome);
    });
  }

  #put(
    configuration: Configuration,
    trial: Trial | undefined,
    details: Details,
    cause: Cause,
  ): Result<Put, Failure> {
    const tools = this.#tools;
    const { inForce, chronicle } = tools;
    const outlook = outlookOn(tools, configuration);
    const state = stateAfter(tools, configuration, outlook, chronicle.nextSequence, trial);
    const kept = inForce.put(state);
    if (!kept.ok) return err(cannotKeep(kept.error.code));
    const told = tellOf(chronicle, outlook, details, cause);
    const change = bringTo(tools, state, outlook, told.causes, told.cause);
    chronicle.flush();
    return ok({ outlook, change, causes: told.causes });
  }

  #afterwards({ outlook, causes }: Put): void {
    const { supervisor, onConnect, comingOfAge, bounds } = this.#tools;
    for (const { change, measure } of outlook.prospects) {
      const record = measure === 'replace' ? recordOf(supervisor, change.label) : undefined;
      const cause = causes.get(change.label) ?? NO_CAUSE;
      if (record !== undefined) supervisor.replacements.order(record, { failure: undefined }, cause);
    }
    onConnect.follow(supervisor.records.values());
    supervisor.memoryKills.follow(supervisor.records.values());
    bounds.follow(supervisor.records.values());
    comingOfAge.watch();
    this.#watchTrial();
    if (outlook.difference.heads.length > 0) this.#tools.headsChanged(outlook.difference.heads);
  }

  #watchTrial(): void {
    const { inForce, sys } = this.#tools;
    this.#cancelTrial();
    const { trial } = inForce.state;
    if (trial === undefined) return;
    this.#cancelTrial = sys.timers.at(trial.untilAtMs, () => {
      this.#revert();
    });
  }

  /** Why its labels cannot all be had: what requests have started is nobody else's. */
  #takenBy({ units }: Configuration): Failure | undefined {
    const { records } = this.#tools.supervisor;
    const taken = units.filter(
      ({ label }) => records.get(label)?.configured === undefined && records.has(label),
    );
    const [first] = taken;
    if (first === undefined) return undefined;
    const labels = taken.map(({ label }) => label);
    const message = `${first.label} was started by a request: stop and forget it first, or call the unit otherwise`;
    return failure('conflict', message, labels);
  }
}

/** What was decided, and is done. */
interface Put {
  readonly outlook: Outlook;
  readonly change: ReturnType<typeof bringTo>;
  readonly causes: ReadonlyMap<string, Cause>;
}

function countOf({ prospects }: Outlook): number {
  return prospects.filter(({ change }) => change.kind !== 'unchanged').length;
}

function cannotKeep(code: string): Failure {
  return failure(
    'failed',
    `the configuration cannot be kept, and nothing has changed: ${describeErrno(code)}`,
  );
}
