import type { Cancel, Descriptor, Keeping, LogLimits, Missing, Refusal, Sys, SysError } from '../sys/sys.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { LogDefinition } from '../config/definition.ts';
import { NO_CAUSE } from '../supervisor/cause.ts';
import type { Chronicle } from './chronicle.ts';
import type { Log } from './log.ts';
import { LogWriters } from './logs/log-writers.ts';
import { LogSweep } from './logs/log-sweep.ts';
import { OldKeeper } from './logs/old-keeper.ts';
import { isDown } from './outcome.ts';
import type { Details } from './told-details.ts';
import { UnitOutput, type OutputTarget } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

/** Whose output it is; what an earlier archond left of a unit that is no more has no origin. */
type Writer = Pick<UnitRecord, 'label' | 'configured'> & Partial<Pick<UnitRecord, 'unit'>>;

/** A pipe that an earlier archond left, of which `read` is the reading end. */
export interface FoundPipe {
  readonly read: Descriptor;
  readonly stream: 'out' | 'err';
  /** That it was made for. */
  readonly generation: number;
  /** In which was counted what of it was dropped. */
  readonly tally?: Descriptor | undefined;
  /** Whether the keeper held it, and holds it. Default true. */
  readonly isKept?: boolean;
}

/** Which descriptor of this process the child gets under which number. */
interface Handed {
  readonly from: Descriptor;
  readonly to: number;
}

/** So many units that are no more may leave behind what their logs could not take, a pipe each. */
const MOST_LATE = 256;

/** A pipe that cannot be opened again for want of a descriptor is tried again after so long. */
const REOPEN_MS = 100;

/** How logs are kept where nothing is said. */
const USUAL = { maxBytes: 10 * 1024 * 1024, keep: 5, whenFull: 'block' } as const;

/** archond's own, for `log: inherit`. */
const OWN_OUTPUT = 1;
const OWN_ERROR = 2;

function sizesOf(configured: UnitRecord['configured']): { maxBytes: number; keep: number; whenFull: string } {
  const log = configured?.definition.log;
  return log?.kind === 'file' ? log : USUAL;
}

function limitsOf(configured: UnitRecord['configured']): LogLimits {
  const { maxBytes, whenFull } = sizesOf(configured);
  return { maxBytes, drops: whenFull === 'drop' };
}

/** Where standard error goes that has a log of its own: `web.log` and `web.err.log`. */
function errorPath(path: string): string {
  return path.endsWith('.log') ? `${path.slice(0, -'.log'.length)}.err.log` : `${path}.err`;
}

/** 0, 1 and 2 of units: what they were given, or empty input and the log. */
export class StandardStreams {
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #logDir: string;
  readonly #emptyInput: Descriptor;
  /** What writes to which log. */
  readonly writers = new LogWriters();
  /** What becomes of logs that were set aside. */
  readonly old: OldKeeper;
  readonly #chronicle: Chronicle;
  readonly #sweep: LogSweep;
  /** Pipes of units that are no more. */
  readonly #late = new Set<UnitOutput>();
  /** Pipes of an earlier archond that could not be opened again yet, by the end that there is. */
  readonly #closed = new Map<Descriptor, Cancel>();

  constructor(sys: Sys, log: Log, chronicle: Chronicle, logDir: string, emptyInput: Descriptor) {
    this.#sys = sys;
    this.#log = log;
    this.#logDir = logDir;
    this.#emptyInput = emptyInput;
    this.#chronicle = chronicle;
    this.old = new OldKeeper(sys, log, this.writers);
    this.#sweep = new LogSweep(sys, logDir, this.writers, this.old);
  }

  /** `/dev/null`, open for both. */
  get nothing(): Descriptor {
    return this.#emptyInput;
  }

  /** Where the log of a unit lies: where it is to, else below the folder, slashes of the label making folders. */
  logPath(label: string, log?: LogDefinition): string {
    const own = log?.kind === 'file' ? log.path : undefined;
    return own ?? `${this.#logDir}/${label}.log`;
  }

  /** What a stream of a unit goes to. */
  target(writer: Writer, stream: 'out' | 'err', generation: number): OutputTarget {
    const { label, configured } = writer;
    const what = stream === 'err' ? 'error-output' : 'output';
    const own = this.logPath(label, configured?.definition.log);
    const path = stream === 'err' ? errorPath(own) : own;
    const tell = (happened: string, details: Details): void => {
      this.#chronicle.append(label, 'note', [['what', happened], ['of', what], ...details], NO_CAUSE);
    };
    const failed = ({ call, code }: SysError): void => {
      this.#log.warn('output cannot be kept', { label, call, error: code });
      tell('log-full', [['error', code]]);
    };
    const notHeld = ({ code }: Refusal): void => {
      this.#log.warn('output is not with the keeper yet', { label, error: code });
    };
    const recovered = (): void => {
      this.#log.info('output is kept again', { label });
      tell('log-recovered', []);
    };
    const keeping = this.#keeping(writer, path, ({ bytes, lines }) => {
      this.#log.warn('output is lost: its log had no room', { label, bytes, lines });
      tell('log-dropped', [
        ['bytes', String(bytes)],
        ['lines', String(lines)],
      ]);
      /* From then on it is counted no more. */
      this.#chronicle.flush();
    });
    return { stream, label, generation, path, failed, notHeld, recovered, keeping, writers: this.writers };
  }

  #keeping({ label, configured, unit }: Writer, path: string, dropped: (missing: Missing) => void): Keeping {
    return {
      limits: limitsOf(configured),
      /* Where that is not known the mark is left as it is. */
      isOneOff: unit === undefined || unit.spec.origin === 'run',
      rotated: () => {
        this.old.rotated(path, sizesOf(configured).keep);
      },
      notRotated: ({ code, call }) => {
        this.#log.warn('a log cannot be set aside', { label, call, error: code });
      },
      dropped,
    };
  }

  /** 0, 1 and 2 of the unit's next process, owned by `uid`; an error where its log cannot be had. */
  forProcess(record: UnitRecord, uid: number, generation: number): Result<readonly Handed[], SysError> {
    const [input, output, error] = record.stdio;
    const definition = record.configured?.definition;
    /* Its terminal is all three. */
    if (definition?.surroundings.tty !== undefined) return ok([]);
    const from = { input: input ?? this.#emptyInput, output, error };
    if (definition !== undefined && definition.log.kind !== 'file') {
      const isOff = definition.log.kind === 'off';
      from.output ??= isOff ? this.#emptyInput : OWN_OUTPUT;
      from.error ??= isOff ? this.#emptyInput : OWN_ERROR;
    } else {
      const made = this.#logsFor(record, uid, generation);
      if (!made.ok) return made;
      from.output ??= record.output?.write ?? this.#emptyInput;
      from.error ??= record.errorOutput?.write ?? record.output?.write ?? this.#emptyInput;
    }
    return ok([
      { from: from.input, to: 0 },
      { from: from.output, to: 1 },
      { from: from.error, to: 2 },
    ]);
  }

  /** Where a command writes that is run for the unit while it has no process: its log, whose pipe is made where there is none. */
  forCommand(record: UnitRecord, uid: number, generation: number): Descriptor {
    const log = record.configured?.definition.log;
    if (log !== undefined && log.kind !== 'file') return log.kind === 'off' ? this.#emptyInput : OWN_OUTPUT;
    const made = this.#logsFor(record, uid, generation);
    if (!made.ok) {
      const { code } = made.error;
      this.#log.warn('what a command writes is lost', { label: record.label, error: code });
    }
    return record.output?.write ?? this.#emptyInput;
  }

  /** Makes the pipes to its logs that it has not yet. */
  #logsFor(record: UnitRecord, uid: number, generation: number): Result<undefined, SysError> {
    const [, output, error] = record.stdio;
    const log = record.configured?.definition.log;
    const isSeparate = log?.kind === 'file' && log.stderr === 'separate';
    if ((output === undefined || (error === undefined && !isSeparate)) && record.output === undefined) {
      const made = UnitOutput.make(this.#sys, uid, this.target(record, 'out', generation));
      if (!made.ok) return err(made.error);
      record.output = made.value;
    }
    if (isSeparate && error === undefined && record.errorOutput === undefined) {
      const made = UnitOutput.make(this.#sys, uid, this.target(record, 'err', generation));
      if (!made.ok) return err(made.error);
      record.errorOutput = made.value;
    }
    return ok(undefined);
  }

  /** What its processes have written so far comes to its logs; true where some of it waits for room there. */
  isPending({ output, errorOutput }: UnitRecord): boolean {
    const isPending = output?.isPending === true;
    return errorOutput?.isPending === true || isPending;
  }

  /** Of what is down nothing more comes: its pipe goes, as soon as it holds nothing that its log could not take. */
  rest(record: UnitRecord): void {
    const { output, errorOutput } = record;
    if (output !== undefined && this.#letRest(record, output)) record.output = undefined;
    if (errorOutput !== undefined && this.#letRest(record, errorOutput)) record.errorOutput = undefined;
  }

  #letRest(record: UnitRecord, output: UnitOutput): boolean {
    if (!output.drain()) {
      output.whenKept = () => {
        if (isDown(record) && record.exitCommands === 0) this.rest(record);
      };
      return false;
    }
    output.discard();
    return true;
  }

  /** Closes what the unit was given for its processes. */
  closeGiven(record: UnitRecord): void {
    for (const descriptor of record.stdio)
      if (descriptor !== undefined) this.#sys.descriptors.close(descriptor);
    record.stdio.fill(undefined);
  }

  /** The unit is no more. */
  release(record: UnitRecord): void {
    this.letGo(record);
    this.closeGiven(record);
  }

  /** Its logs may become as large as its definition says by now. */
  limit({ output, errorOutput, configured }: UnitRecord): void {
    output?.limit(limitsOf(configured));
    errorOutput?.limit(limitsOf(configured));
  }

  /** What the unit writes from now on goes elsewhere. */
  letGo(record: UnitRecord): void {
    const { output, errorOutput } = record;
    record.output = undefined;
    record.errorOutput = undefined;
    if (output !== undefined) this.outlast(output);
    if (errorOutput !== undefined) this.outlast(errorOutput);
  }

  /**
   * Goes on with the pipe of an earlier archond. `take` gets it, at once; or later,
   * where it cannot be opened at this moment: to let go of it would hold up for good whoever writes to it.
   */
  adopt(
    unit: Writer,
    { read, stream, generation, tally, isKept }: FoundPipe,
    take: (output: UnitOutput) => void,
  ): void {
    const { clock, timers } = this.#sys;
    const attempt = (tries: number): void => {
      const target = { ...this.target(unit, stream, generation), tally };
      const output = UnitOutput.adopt(this.#sys, read, target, isKept);
      this.#closed.delete(read);
      if (output.ok) {
        take(output.value);
        return;
      }
      const { code } = output.error;
      if (tries === 0)
        this.#log.warn('its output has to wait for its pipe', { label: unit.label, error: code });
      const cancel = timers.at(clock.monotonicMs() + REOPEN_MS, () => {
        attempt(tries + 1);
      });
      this.#closed.set(read, cancel);
    };
    attempt(0);
  }

  /** Lets go of a pipe whose unit is no more when its log has taken what is in it. */
  outlast(output: UnitOutput): void {
    if (output.drain()) {
      output.discard();
      return;
    }
    const [oldest] = this.#late;
    if (this.#late.size >= MOST_LATE && oldest !== undefined) this.#lose(oldest);
    this.#late.add(output);
    output.whenKept = () => {
      this.#late.delete(output);
      output.discard();
    };
  }

  #lose(output: UnitOutput): void {
    this.#late.delete(output);
    this.#log.warn('the end of its output is lost: its log did not take it', { label: output.label });
    output.discard();
  }

  /** All units are down and are going to be no more: what their logs do not take now is lost. */
  giveUp(records: Iterable<UnitRecord>): void {
    for (const record of records) {
      const { output, errorOutput } = record;
      if (output?.drain() === false) {
        this.#lose(output);
        record.output = undefined;
      }
      if (errorOutput?.drain() === false) {
        this.#lose(errorOutput);
        record.errorOutput = undefined;
      }
    }
    for (const output of [...this.#late]) {
      if (output.drain()) output.whenKept();
      else this.#lose(output);
    }
  }

  /** Everything is over. */
  close(): void {
    this.old.close();
    this.#sweep.close();
    for (const output of [...this.#late]) this.#lose(output);
    for (const [read, cancel] of this.#closed) {
      cancel();
      this.#sys.descriptors.close(read);
    }
    this.#sys.descriptors.close(this.#emptyInput);
  }
}
