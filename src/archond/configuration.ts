import path from 'node:path';
import { describeErrno } from '../base/errno.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Complaints } from '../config/complaint.ts';
import { EMPTY_CONFIGURATION, type Configuration } from '../config/configuration.ts';
import type { LoadAnswer, LoadRequest } from '../loader/request.ts';
import { freeze } from '../supervisor/freeze.ts';
import type { Sys, SysError } from '../sys/sys.ts';
import { settledState, type InForceState } from './in-force-state.ts';
import type { Settings } from './settings.ts';
import { writeWhole } from './whole-file.ts';

/** The program that reads files of configuration. */
export const LOADER = path.join(import.meta.dirname, '../loader/main.cjs');

/** For want of these a program cannot be started at this moment. */
const WANTS = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'];
/** How often that is tried again, and after how long: 5 s in all. */
const TRIES = 50;
const RETRY_MS = 100;

/** Settings may hold what not everybody is to read. */
const MODE = 0o600;

/**
 * The configuration that is in force. It is kept in the runtime folder as it was loaded: an archond that
 * comes up after the death of another goes on with what was in force, not with what stands in the files by
 * then, and does so without the libraries that read them.
 */
export class InForce {
  #state: InForceState = settledState();
  readonly #sys: Sys;
  readonly #settings: Settings;
  readonly #path: string;

  constructor(sys: Sys, settings: Settings) {
    this.#sys = sys;
    this.#settings = settings;
    this.#path = `${settings.runtimeDir}/configuration.json`;
  }

  get configuration(): Configuration {
    return this.#state.configuration;
  }

  /** The same with what is to be done to come to it. */
  get state(): InForceState {
    return this.#state;
  }

  /** Reads the files anew, in a process apart. What is in force stays so. */
  load(done: (loaded: Result<Configuration, Complaints>) => void): void {
    const { config: paths, logDir } = this.#settings;
    if (paths.length === 0) {
      done(ok(EMPTY_CONFIGURATION));
      return;
    }
    /* By the time of the answer another one may be in force: one on trial goes back by itself. */
    const known = this.configuration;
    const trees = this.#sys.limits.place();
    const request: LoadRequest = { paths, logDir, trees, basis: known.basis };
    this.#runLoader(JSON.stringify(request), TRIES, (answer) => {
      done(answer.ok ? loadedBy(answer.value, known) : err(cannotRun(answer.error, paths)));
    });
  }

  /** Nothing is in force at the very start, and without this nothing would be: a want of the moment is waited out. */
  #runLoader(request: string, tries: number, done: (answer: Result<string, SysError>) => void): void {
    const { programs, timers, clock } = this.#sys;
    programs.run(LOADER, request, (answer) => {
      if (answer.ok || tries === 0 || !WANTS.includes(answer.error.code)) {
        done(answer);
        return;
      }
      timers.at(clock.monotonicMs() + RETRY_MS, () => {
        this.#runLoader(request, tries - 1, done);
      });
    });
  }

  /** Makes a configuration the one in force, as it is known to a successor; where that cannot be written, the one before stays. */
  put(state: InForceState): Result<undefined, SysError> {
    const kept = this.#keep(state);
    if (kept.ok) this.#state = state;
    return kept;
  }

  /** The same at the very start, where nothing is in force before it. */
  begin(state: InForceState): Result<undefined, SysError> {
    this.#state = state;
    return this.#keep(state);
  }

  #keep(state: InForceState): Result<undefined, SysError> {
    return writeWhole(this.#sys, this.#path, MODE, JSON.stringify(state));
  }

  /** Takes up what was in force before; false where that cannot be read. */
  resume(): boolean {
    const status = this.#sys.files.status(this.#path);
    const bytes = status.ok ? this.#sys.files.read(this.#path, 0, status.value.sizeBytes) : status;
    if (!bytes.ok) return false;
    try {
      this.#state = freeze(JSON.parse(Buffer.from(bytes.value).toString()) as InForceState);
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  }

  /** At an orderly end: nothing is in force any more. */
  clear(): void {
    this.#sys.files.remove(this.#path);
  }
}

function loadedBy(answer: string, known: Configuration): Result<Configuration, Complaints> {
  const loaded = freeze(JSON.parse(answer) as LoadAnswer);
  return !loaded.ok ? loaded : ok(loaded.value === 'same' ? known : loaded.value);
}

function cannotRun(fault: SysError, [file = '']: readonly string[]): Complaints {
  const message = `the program that reads configurations did not answer: ${describeErrno(fault.code)}`;
  return [{ kind: 'unreadable', place: { file }, key: '', message }];
}
