import type { Descriptor, Sys, SysError } from '../sys/sys.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Log } from './log.ts';
import { UnitOutput, type OutputTarget } from './unit-output.ts';
import type { UnitRecord } from './unit-record.ts';

/** Which descriptor of this process the child gets under which number. */
interface Handed {
  readonly from: Descriptor;
  readonly to: number;
}

/** 0, 1 and 2 of units: what they were given, or empty input and the log. */
export class StandardStreams {
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #logDir: string;
  readonly #emptyInput: Descriptor;

  constructor(sys: Sys, log: Log, logDir: string, emptyInput: Descriptor) {
    this.#sys = sys;
    this.#log = log;
    this.#logDir = logDir;
    this.#emptyInput = emptyInput;
  }

  /** Where the log of a unit lies: below the folder, slashes of the label making folders. */
  logPath(label: string): string {
    return `${this.#logDir}/${label}.log`;
  }

  /** What the output of a unit goes to. */
  target(label: string, generation: number): OutputTarget {
    const failed = (problem: SysError): void => {
      this.#log.warn('output cannot be kept', { label, call: problem.call, error: problem.code });
    };
    return { label, generation, path: this.logPath(label), failed };
  }

  /** 0, 1 and 2 of the unit's next process, owned by `uid`; an error where its log cannot be had. */
  forProcess(record: UnitRecord, uid: number, generation: number): Result<readonly Handed[], SysError> {
    const [input, output, error] = record.stdio;
    if ((output === undefined || error === undefined) && record.output === undefined) {
      const made = UnitOutput.make(this.#sys, uid, this.target(record.label, generation));
      if (!made.ok) return err(made.error);
      record.output = made.value;
    }
    const log = record.output?.write ?? this.#emptyInput;
    return ok([
      { from: input ?? this.#emptyInput, to: 0 },
      { from: output ?? log, to: 1 },
      { from: error ?? log, to: 2 },
    ]);
  }

  /** Of what is down nothing more comes: its pipe goes, unless it holds what its log could not take. */
  rest(record: UnitRecord): void {
    if (record.output?.drain() !== true) return;
    record.output.discard();
    record.output = undefined;
  }

  /** Closes what the unit was given for its processes. */
  closeGiven(record: UnitRecord): void {
    for (const descriptor of record.stdio)
      if (descriptor !== undefined) this.#sys.descriptors.close(descriptor);
    record.stdio.fill(undefined);
  }

  /** The unit is no more. */
  release(record: UnitRecord): void {
    record.output?.discard();
    record.output = undefined;
    this.closeGiven(record);
  }
}
