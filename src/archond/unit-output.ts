import type {
  Cancel,
  Copying,
  Descriptor,
  Keeping,
  LogLimits,
  Missing,
  PipeIdentity,
  Refusal,
  Sys,
  SysError,
} from '../sys/sys.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import { deposit } from './deposit.ts';
import type { LogWriters } from './logs/log-writers.ts';

/** What a log could not take is tried again after so long, then less and less often. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** Rights of a log file: the owner's, and reading for its group. */
const LOG_MODE = 0o640;

const TALLY = 'tally:';
const NAME = /^(out|err):(\d+):(.+)$/;

/** What the keeper calls the pipe of a unit; the generation that it was made for keeps a label's pipes apart. */
export function outputName({
  stream = 'out',
  label,
  generation,
}: Pick<OutputTarget, 'stream' | 'label' | 'generation'>): string {
  return `${stream}:${generation}:${label}`;
}

/** What the keeper calls the memory in which it is counted what of a pipe was dropped. */
export function tallyName(pipe: string): string {
  return `${TALLY}${pipe}`;
}

/** Whether the keeper calls such memory so. */
export function isTally(name: string): boolean {
  return name.startsWith(TALLY);
}

/** Whose pipe it is that the keeper has under a name. */
export interface PipeOwner {
  readonly stream: 'out' | 'err';
  readonly label: string;
  readonly generation: number;
}

/** Whose pipe the keeper calls so, if it is one. */
export function pipeOwner(name: string): PipeOwner | undefined {
  const [, stream, digits, label] = NAME.exec(name) ?? [];
  if (digits === undefined || label === undefined) return undefined;
  return { stream: stream === 'err' ? 'err' : 'out', label, generation: Number(digits) };
}

/** Where a pipe is made for, and who is told when its bytes cannot be kept. */
export interface OutputTarget {
  /** `err` where standard error has a pipe of its own. Default `out`. */
  readonly stream?: 'out' | 'err';
  readonly label: string;
  readonly generation: number;
  readonly path: string;
  readonly failed: (error: SysError) => void;
  /** Told where the keeper does not hold the pipe yet. */
  readonly notHeld: (refusal: Refusal) => void;
  /** Told when its log takes everything again. */
  readonly recovered: () => void;
  readonly keeping: Keeping;
  /** In which an earlier archond has counted what of the pipe was dropped. */
  readonly tally?: Descriptor | undefined;
  /** Who knows what writes to which log. */
  readonly writers: LogWriters;
}

/** The output of a unit on its way to its log: a pipe that outlives processes and archond, and the copying out of it. */
export class UnitOutput {
  /** Of the unit. */
  readonly label: string;
  readonly write: Descriptor;
  readonly identity: PipeIdentity;
  readonly #sys: Sys;
  readonly #name: string;
  readonly #copying: Copying;
  readonly #target: OutputTarget;
  readonly #leaveLog: Cancel;
  #tally: Descriptor | undefined;
  /** The log cannot take everything. */
  #isFull = false;
  readonly #endDeposit: Cancel;
  #cancelRetry: Cancel = () => undefined;
  /** Told when a log that could not take everything has taken it. */
  whenKept: () => void = () => undefined;

  private constructor(
    sys: Sys,
    target: OutputTarget,
    read: Descriptor,
    { write, identity }: { readonly write: Descriptor; readonly identity: PipeIdentity },
    isKept: boolean,
  ) {
    this.#sys = sys;
    this.label = target.label;
    this.#name = outputName(target);
    this.#target = target;
    this.write = write;
    this.identity = identity;
    this.#endDeposit = isKept ? () => undefined : deposit(sys, this.#name, read, target.notHeld);
    const failed = (error: SysError): void => {
      this.#isFull = true;
      target.failed(error);
      this.#tryAgainAfter(FIRST_RETRY_MS);
    };
    const keeping = { ...target.keeping, dropped: this.#dropped };
    this.#copying = sys.output.copy(read, target.path, LOG_MODE, failed, keeping);
    this.#leaveLog = target.writers.add(target.path, this.#copying);
    if (target.tally !== undefined) this.#count(target.tally);
    else if (target.keeping.limits?.drops === true) this.#makeTally();
  }

  readonly #dropped = (missing: Missing): void => {
    this.#target.keeping.dropped?.(missing);
    if (!this.#copying.isDropping) this.#goesOn();
  };

  /** So that what was dropped is not forgotten when this archond dies. Where there is none, that is all that is lost. */
  #makeTally(): void {
    const tally = this.#sys.output.tally();
    if (!tally.ok) return;
    this.#sys.keeper.store(tallyName(this.#name), tally.value, true, () => undefined);
    this.#count(tally.value);
  }

  #count(tally: Descriptor): void {
    this.#tally = tally;
    this.#copying.count(tally);
    if (!this.#copying.isDropping) return;
    this.#isFull = true;
    this.#tryAgainAfter(0);
  }

  /** Makes the pipe, deposits its reading end with the keeper, and begins to copy. */
  static make(sys: Sys, uid: number, target: OutputTarget): Result<UnitOutput, SysError> {
    const pipe = sys.output.pipe(uid);
    if (!pipe.ok) return pipe;
    return ok(new UnitOutput(sys, target, pipe.value.read, pipe.value, false));
  }

  /** Goes on with a pipe of an earlier archond. @param isKept the keeper holds it; else it is deposited anew */
  static adopt(
    sys: Sys,
    read: Descriptor,
    target: OutputTarget,
    isKept = true,
  ): Result<UnitOutput, SysError> {
    const again = sys.output.reopen(read);
    if (!again.ok) return again;
    return ok(new UnitOutput(sys, target, read, again.value, isKept));
  }

  /** Without this a disk that was full for a moment would hold up for good whoever writes. */
  #tryAgainAfter(ms: number): void {
    const { clock, timers } = this.#sys;
    this.#cancelRetry();
    this.#cancelRetry = timers.at(clock.monotonicMs() + ms, () => {
      if (!this.drain()) {
        this.#tryAgainAfter(Math.min(Math.max(2 * ms, FIRST_RETRY_MS), LAST_RETRY_MS));
        return;
      }
      /* What was dropped is told of before. */
      this.#cancelRetry = timers.at(clock.monotonicMs(), () => {
        this.#goesOn();
      });
    });
  }

  /** Its log takes everything again. */
  #goesOn(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#cancelRetry();
    this.#target.recovered();
    this.whenKept();
  }

  /** The log may become so large from now on. */
  limit(limits: LogLimits): void {
    this.#copying.limit(limits);
    if (limits.drops && this.#tally === undefined) this.#makeTally();
  }

  /** Moves what the pipe holds now to the log; false where the file cannot take it. */
  drain(): boolean {
    return this.#copying.drain();
  }

  /** Whether something that was written waits for its log, and is not dropped. */
  get isPending(): boolean {
    return !this.drain() && !this.#copying.isDropping;
  }

  /** Calls back when something has been written, and has come to the log where that can take it. */
  whenWritten(told: () => void): Cancel {
    /* The writing end is open for reading too, and nobody reads from it. */
    const cancel = this.#sys.descriptors.whenReadable(this.write, () => {
      /* What a full disk does not take would be told for ever. */
      if (!this.drain()) cancel();
      told();
    });
    return cancel;
  }

  /** The unit is no more: so is its pipe. What the log has not taken is lost, and told of; returns how much. */
  discard(): Missing {
    this.#cancelRetry();
    this.#leaveLog();
    const missing = this.#copying.giveUp();
    if (missing.bytes > 0) this.#target.keeping.dropped?.(missing);
    this.#endDeposit();
    this.#copying.close();
    this.#sys.descriptors.close(this.write);
    this.#sys.keeper.drop(this.#name, () => undefined);
    if (this.#tally !== undefined) {
      this.#sys.descriptors.close(this.#tally);
      this.#sys.keeper.drop(tallyName(this.#name), () => undefined);
    }
    return missing;
  }
}
