import type { Health, Readiness } from '../../config/probe.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { Cancel, Descriptor, ProcessRef, Sys, SysError } from '../../sys/sys.ts';
import type { UnitEvent } from '../../supervisor/event.ts';
import type { Launch } from '../launch.ts';
import type { Log } from '../log.ts';
import type { UnitCommands } from '../unit-commands.ts';
import type { UnitOutput } from '../unit-output.ts';
import { attempt, type Asking } from './attempt.ts';
import { searchLog } from './log-search.ts';
import { followMain } from './main-process.ts';
import { belongs } from './membership.ts';
import type { Notification } from './notification.ts';
import { NotifySocket } from './notify-socket.ts';
import { LastSaid } from './last-said.ts';
import { findMain } from './pid-file.ts';
import { ReadyPipe } from './ready-pipe.ts';
import { repeat } from './repeat.ts';
import { Voice } from './voice.ts';
import { Watchdog } from './watchdog.ts';

/** What probes have to know of a unit, and what they work with. */
export interface ProbedUnit {
  readonly label: string;
  readonly ready: Readiness;
  readonly health: Health | undefined;
  readonly pidFile: string | undefined;
  /** With the unit's surroundings, made anew for each command. */
  launch(): Result<Launch, { readonly message: string }>;
  readonly logPath: string | undefined;
  /** Its output as it is now; undefined where it goes elsewhere. */
  output(): UnitOutput | undefined;
  /** What a probe has seen. */
  tell(event: ProbeEvent): void;
}

/** The events of the core that probes tell. */
export type ProbeEvent = Extract<
  UnitEvent,
  { readonly kind: 'ready' | 'unhealthy' | 'main-changed' | 'main-exited' }
>;

/** By what a process speaks to archond. */
export type LostVoice = 'notify-socket' | 'ready-pipe';

/** What the keeper held of these. */
export interface KeptVoices {
  readonly notify: Kept | undefined;
  readonly ready: Kept | undefined;
}

/** What all probes share. */
export interface ProbeTools {
  readonly sys: Sys;
  readonly log: Log;
  readonly commands: UnitCommands;
  readonly runtimeDir: string;
  readonly nothing: Descriptor;
}

/** What a process gets for its probes: settings and descriptors. */
export interface Given {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly descriptors: readonly { readonly from: Descriptor; readonly to: number }[];
  /** Whether the process is to find its own pid among the settings (`LISTEN_PID`). */
  readonly listenPid?: boolean;
}

/** Where nothing is needed. */
export const NOTHING_GIVEN: Given = { env: [], descriptors: [] };

/**
 * The probes of one unit, over its generations: what its process needs for them is made before the spawn
 * (`prepare`), they watch as the core asks (`watch`), and go when nothing of the generation is left (`over`).
 */
export class UnitProbes {
  readonly #tools: ProbeTools;
  readonly #unit: ProbedUnit;
  #generation = 0;
  #ref: ProcessRef | undefined;
  #pid: number | undefined;
  #voice: Voice | undefined;
  #pipe: ReadyPipe | undefined;
  #watchdog: Watchdog | undefined;
  #logFromBytes = 0;
  #isReadySaid = false;
  #wanted: 'ready' | 'health' | 'none' = 'none';
  #cancel: Cancel = () => undefined;
  #cancelMain: Cancel = () => undefined;
  #said: LastSaid | undefined;
  /** Why the last attempt of a probe failed. */
  #trouble: string | undefined;

  constructor(tools: ProbeTools, unit: ProbedUnit) {
    this.#tools = tools;
    this.#unit = unit;
  }

  /** That which is watched, 0 between two. */
  get generation(): number {
    return this.#generation;
  }

  /** What the service says of itself (`STATUS=`), or else why it is not yet, or no longer, well. */
  get status(): string | undefined {
    const status = this.#said?.status ?? '';
    return status === '' ? this.#trouble : status;
  }

  /** Makes what the next generation needs; an error where it cannot be had. */
  prepare(generation: number, uid: number): Result<Given, SysError> {
    const { sys, runtimeDir } = this.#tools;
    const { label, ready, health, logPath } = this.#unit;
    this.#begin(generation);
    if (logPath !== undefined) this.#logFromBytes = sizeOf(sys, logPath);
    if (ready.kind === 'fd') {
      const pipe = ReadyPipe.make(sys, label, generation, uid);
      if (!pipe.ok) return pipe;
      this.#pipe = pipe.value;
      return ok({ env: [], descriptors: [{ from: pipe.value.write ?? -1, to: ready.fd }] });
    }
    if (ready.kind !== 'notify' && health?.kind !== 'notify') return ok(NOTHING_GIVEN);
    const socket = NotifySocket.make(sys, runtimeDir, label, generation, uid);
    if (!socket.ok) return socket;
    this.#listenTo(socket.value);
    const settings: [string, string][] = [['NOTIFY_SOCKET', socket.value.path]];
    if (health?.kind === 'notify')
      settings.push(['WATCHDOG_USEC', String(Math.round(health.watchdogMs * 1000))]);
    return ok({ env: settings, descriptors: [] });
  }

  /** The process exists. */
  spawned(ref: ProcessRef, pid: number): void {
    this.#ref = ref;
    this.#pid = pid;
    this.#pipe?.handedOver();
  }

  /**
   * Goes on with a process of an earlier archond; `kept` are the descriptors of it that the keeper held, by name. Returns what is
   * missing of these: a socket is made anew under its path, usable by `uid`; a pipe cannot be. Without a `uid` it has ended.
   *
   * That it was given a socket is known by the path, which stands as long as it does: the definition may be another one by
   * now. Of a pipe the definition alone says so.
   */
  adopt(ref: ProcessRef, pid: number, kept: KeptVoices, uid: number | undefined): LostVoice | undefined {
    const { sys, runtimeDir } = this.#tools;
    this.#begin(ref.generation);
    const { logPath } = this.#unit;
    /* Where its own output begins is not known any more: what was written lately is looked at. */
    if (logPath !== undefined) this.#logFromBytes = Math.max(0, sizeOf(sys, logPath) - LATELY_BYTES);
    if (kept.notify !== undefined)
      this.#listenTo(NotifySocket.adopt(sys, runtimeDir, kept.notify.name, kept.notify.descriptor));
    this.#said?.recall();
    if (kept.ready !== undefined) this.#pipe = ReadyPipe.adopt(sys, kept.ready.name, kept.ready.descriptor);
    this.spawned(ref, pid);
    const { label, ready, health } = this.#unit;
    if (uid === undefined || this.#voice !== undefined || this.#pipe !== undefined) return undefined;
    const isToHaveOne = ready.kind === 'notify' || health?.kind === 'notify';
    if (!(NotifySocket.wasMade(sys, runtimeDir, ref.generation) ?? isToHaveOne))
      return ready.kind === 'fd' ? 'ready-pipe' : undefined;
    const socket = NotifySocket.make(sys, runtimeDir, label, ref.generation, uid);
    if (socket.ok) this.#listenTo(socket.value);
    this.#said?.recall();
    return 'notify-socket';
  }

  /** Goes on with the process that an earlier archond knew as the main one; its end is told where it has gone meanwhile. */
  resumeMain(pid: number): void {
    const ref = this.#ref;
    if (ref === undefined) return;
    const { sys } = this.#tools;
    belongs(sys, ref, undefined, pid, (isMember) => {
      if (ref !== this.#ref) return;
      if (isMember) {
        this.#followMain(pid);
        return;
      }
      const end = sys.keeper.orphanEnd(pid)?.end ?? { kind: 'unknown' };
      this.#unit.tell({ kind: 'main-exited', generation: ref.generation, end });
    });
  }

  /** Carries out the core's effect `probe`. */
  watch(generation: number, what: 'ready' | 'health' | 'none'): void {
    if (generation !== this.#generation) return;
    this.#stopWatching();
    this.#wanted = what;
    this.#listen();
    if (what === 'ready') this.#awaitReady();
    else if (what === 'health') this.#checkHealth();
  }

  /** Carries out the core's effect `find-main`. */
  findMain(generation: number): void {
    const { pidFile, ready } = this.#unit;
    if (generation !== this.#generation || pidFile === undefined) return;
    const { sys } = this.#tools;
    const everyMs = ready.kind === 'exec' ? PID_FILE_EVERY_MS : ready.everyMs;
    this.#cancelMain = findMain(sys, this.#ref, pidFile, everyMs, (pid) => this.#changeMain(pid));
  }

  /** Nothing of the generation is left. */
  over(generation: number): void {
    if (generation === this.#generation) this.#begin(0);
  }

  #begin(generation: number): void {
    this.#stopWatching();
    this.#cancelMain();
    this.#cancelMain = () => undefined;
    this.#voice?.discard();
    this.#voice = undefined;
    this.#pipe?.discard();
    this.#pipe = undefined;
    this.#ref = undefined;
    this.#pid = undefined;
    this.#isReadySaid = false;
    this.#said?.discard();
    this.#said = undefined;
    this.#trouble = undefined;
    this.#wanted = 'none';
    this.#generation = generation;
  }

  #stopWatching(): void {
    this.#cancel();
    this.#cancel = () => undefined;
    this.#watchdog?.stop();
    this.#watchdog = undefined;
  }

  // ---- readiness ------------------------------------------------------------------------------

  #awaitReady(): void {
    const { ready, logPath } = this.#unit;
    const { sys } = this.#tools;
    if (ready.kind === 'exec') return;
    if (ready.kind === 'notify' || ready.kind === 'fd') {
      if (this.#isReadySaid) this.#ready();
    } else if (ready.kind === 'log') {
      const output = this.#unit.output();
      if (output === undefined || logPath === undefined) return;
      const from = { path: logPath, bytes: this.#logFromBytes };
      const pattern = new RegExp(ready.pattern, 'u');
      this.#cancel = searchLog(sys, output, from, pattern, ready.everyMs, () => this.#ready());
    } else {
      const rhythm = { everyMs: ready.everyMs, attemptMs: ready.timeoutMs };
      this.#cancel = repeat(sys, rhythm, this.#asking(ready), (why) => {
        this.#trouble = why;
        if (why === undefined) this.#ready();
        return why !== undefined;
      });
    }
  }

  #ready(): void {
    this.#isReadySaid = true;
    if (this.#wanted === 'ready') this.#unit.tell({ kind: 'ready', generation: this.#generation });
  }

  // ---- health ---------------------------------------------------------------------------------

  #checkHealth(): void {
    const { health } = this.#unit;
    const { sys } = this.#tools;
    if (health === undefined) return;
    if (health.kind === 'notify') {
      this.#watchdog = new Watchdog(sys, this.#said?.watchdogMs ?? health.watchdogMs, () =>
        this.#unhealthy('the watchdog was not heard of'),
      );
      return;
    }
    let failures = 0;
    const rhythm = { everyMs: health.everyMs, attemptMs: health.timeoutMs };
    this.#cancel = repeat(sys, rhythm, this.#asking(health), (why) => {
      this.#trouble = why;
      failures = why === undefined ? 0 : failures + 1;
      if (failures >= health.failures) this.#unhealthy(why ?? '');
      return failures < health.failures;
    });
  }

  #unhealthy(why: string): void {
    const { label } = this.#unit;
    this.#tools.log.warn('a unit is not healthy', { label, why });
    if (this.#wanted === 'health') this.#unit.tell({ kind: 'unhealthy', generation: this.#generation });
  }

  #asking(probe: Asking): (done: (why: string | undefined) => void) => Cancel {
    const { sys, commands, nothing } = this.#tools;
    const { label } = this.#unit;
    return (done) => {
      const launch = this.#unit.launch();
      if (launch.ok) return attempt({ sys, commands, label, launch: launch.value, nothing }, probe, done);
      return sys.timers.at(sys.clock.monotonicMs(), () => {
        done(launch.error.message);
      });
    };
  }

  // ---- what the service says ------------------------------------------------------------------

  /** From when on what it says is acted on: until then it waits where a successor would find it too. */
  #listen(): void {
    this.#pipe?.listen(() => this.#ready());
    if (this.#ref !== undefined) this.#voice?.hear(this.#ref, this.#pid);
  }

  #listenTo(socket: NotifySocket): void {
    const { sys, log, runtimeDir } = this.#tools;
    const { label } = this.#unit;
    this.#said = new LastSaid(sys, runtimeDir, this.#generation, (error) => {
      log.warn('what a unit says of itself cannot be kept', { label, error });
    });
    this.#voice = new Voice(sys, socket, {
      heard: (said, done) => this.#heard(said, done),
      refused: (pid) => {
        log.warn('a notification was refused: its sender does not belong to the unit', { label, pid });
      },
    });
  }

  #heard(said: Notification, done: () => void): void {
    this.#said?.hear(said);
    if (said.watchdogMs !== undefined) this.#watchdog?.change(said.watchdogMs);
    if (said.watchdog === 'alive') this.#watchdog?.alive();
    if (said.watchdog === 'trigger') this.#unhealthy('the service asked to be restarted');
    /* The main process that is named beside `READY=1` is the one that is ready. */
    this.#adoptMain(said.mainPid, () => {
      if (said.isReady && this.#unit.ready.kind === 'notify') this.#ready();
      done();
    });
  }

  #adoptMain(pid: number | undefined, done: () => void): void {
    const ref = this.#ref;
    if (pid === undefined || ref === undefined || pid === this.#pid) {
      done();
      return;
    }
    const { sys, log } = this.#tools;
    const { label } = this.#unit;
    belongs(sys, ref, this.#pid, pid, (isMember) => {
      if (ref !== this.#ref) return;
      /* It may have ended already: then the keeper, whose child it became, knows. */
      if (isMember || sys.keeper.orphanEnd(pid) !== undefined) this.#changeMain(pid);
      else log.warn('MAINPID was refused: the process does not belong to the unit', { label, pid });
      done();
    });
  }

  #changeMain(pid: number): void {
    this.#unit.tell({ kind: 'main-changed', generation: this.#generation, pid });
    this.#followMain(pid);
  }

  #followMain(pid: number): void {
    const generation = this.#generation;
    this.#cancelMain();
    this.#pid = pid;
    this.#cancelMain = followMain(this.#tools.sys, pid, (end) => {
      this.#unit.tell({ kind: 'main-exited', generation, end });
    });
  }
}

/** A descriptor that the keeper held. */
interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

const LATELY_BYTES = 65_536;
const PID_FILE_EVERY_MS = 100;

function sizeOf(sys: Sys, path: string): number {
  const status = sys.files.status(path);
  return status.ok ? status.value.sizeBytes : 0;
}
