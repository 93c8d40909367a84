import type { UnitDefinition } from '../../config/definition.ts';
import { envFileMark, MOST_ENV_FILE_BYTES } from '../../config/env-file-mark.ts';
import { namesPorts, withPorts } from '../../config/port-reference.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Words } from '../../base/words.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Cause } from '../../supervisor/cause.ts';
import type { Effect } from '../../supervisor/effect.ts';
import type { Descriptor, ProcessRef, SpawnLimits, SysError, TreeLimits } from '../../sys/sys.ts';
import type { Launch } from '../launch.ts';
import { describeTrouble } from '../ports/trouble.ts';
import {
  UnitProbes,
  type Given,
  type KeptVoices,
  type LostVoice,
  type ProbeEvent,
  type ProbeTools,
} from '../probes/unit-probes.ts';
import type { Running } from '../unit-commands.ts';
import type { UnitOutput } from '../unit-output.ts';
import { launchOf, type LaunchBase, type LaunchFault } from './launch.ts';

/** What a configured unit says to the core. */
export type Told =
  ProbeEvent | { readonly kind: 'command-ended'; readonly generation: number; readonly isDone: boolean };

/** Why the next process of a unit cannot be made: the stage, and the errno. */
export interface CannotGive extends Pick<SysError, 'code' | 'errno'> {
  readonly stage: string;
  /** Finds out more, which is told as an event, and calls back. */
  readonly explain?: (cause: Cause, done: () => void) => void;
}

/** The effects that only units of a configuration have. */
export type OwnEffect = Extract<
  Effect,
  { readonly kind: 'probe' | 'find-main' | 'run-command' | 'kill-command' }
>;

/** What archond does for a unit of the configuration beside what it does for every unit. */
export interface Surrounding {
  /** Where its output goes by that definition, where it has a log. */
  logPath(definition: UnitDefinition): string | undefined;
  output(): UnitOutput | undefined;
  /** Where a command writes that is run for it as this user; it stays the unit's. */
  commandOutput(uid: number, generation: number): Descriptor;
  tell(event: Told): void;
}

/** What a definition says of limits, as the system door has them. */
function treeLimitsOf({ memoryMaxBytes, cpuMaxPercent, pidsMax }: UnitDefinition['limits']): TreeLimits {
  return {
    ...(memoryMaxBytes === undefined ? {} : { memoryBytes: memoryMaxBytes }),
    ...(cpuMaxPercent === undefined ? {} : { cpuPercent: cpuMaxPercent }),
    ...(pidsMax === undefined ? {} : { pids: pidsMax }),
  };
}

/** A unit of the configuration: how its processes are made and asked, and the commands beside them. */
export class ConfiguredUnit {
  readonly probes: UnitProbes;
  #definition: UnitDefinition;
  #next: UnitDefinition | undefined;
  /** It is in the configuration no more, and forgotten as soon as nothing of it is left. */
  isLeaving = false;
  /** What its files of settings held when its process was made. */
  #marks: readonly string[] | undefined;
  /** Whether some of its texts hold numbers that are known only here. */
  #namesPorts: boolean;
  readonly #base: LaunchBase;
  readonly #tools: ProbeTools;
  readonly #surrounding: Surrounding;
  #command: { readonly generation: number; readonly running: Running } | undefined;

  constructor(definition: UnitDefinition, base: LaunchBase, tools: ProbeTools, surrounding: Surrounding) {
    this.#definition = definition;
    this.#namesPorts = namesPorts(definition);
    this.#base = base;
    this.#tools = tools;
    this.#surrounding = surrounding;
    const { label } = definition;
    const known = (): UnitDefinition => this.#known;
    this.probes = new UnitProbes(tools, {
      label,
      get ready() {
        return known().ready;
      },
      get health() {
        return known().health;
      },
      get pidFile() {
        return known().pidFile;
      },
      launch: () => this.launch(),
      get logPath() {
        return surrounding.logPath(known());
      },
      output: () => surrounding.output(),
      tell: (event) => {
        surrounding.tell(event);
      },
    });
  }

  /** By which its process was made, and by which that is stopped. */
  get definition(): UnitDefinition {
    return this.#definition;
  }

  /** By which its next process is made, where that is another one. */
  get next(): UnitDefinition | undefined {
    return this.#next;
  }

  /** Its next process is made by another definition; the present one is as it was, where nothing is said that is so again. */
  becomes(next: UnitDefinition | undefined): void {
    this.#next = next;
  }

  /** From now on it is defined so. */
  redefine(definition: UnitDefinition): void {
    this.#definition = definition;
    this.#next = undefined;
    this.#namesPorts = namesPorts(definition);
  }

  /** Its definition, as far as its files of settings go with what its process has read in them. */
  get inUse(): UnitDefinition {
    const { surroundings } = this.#definition;
    const marks = this.#marks;
    const isOfThese = marks?.length === surroundings.envFiles.length;
    if (!isOfThese || marks.length === 0) return this.#definition;
    return { ...this.#definition, surroundings: { ...surroundings, envFileMarks: marks } };
  }

  /** Whether its next generation is to take the place of the one that runs. */
  get isReplaced(): boolean {
    const { onRestart, type } = this.#next ?? this.#definition;
    return onRestart === 'replace' && type === 'service';
  }

  /** The same for another generation beside this one. */
  again(): ConfiguredUnit {
    return new ConfiguredUnit(this.#next ?? this.#definition, this.#base, this.#tools, this.#surrounding);
  }

  /** Its definition with the numbers of its ports. */
  get #known(): UnitDefinition {
    const { ports } = this.#base;
    const definition = this.#definition;
    if (!this.#namesPorts) return definition;
    return withPorts(definition, (name) => ports.numberOf(definition.label, name));
  }

  /** What the tree of its next process is limited to. */
  get treeLimits(): SpawnLimits | undefined {
    const { limits } = this.#definition;
    const found = treeLimitsOf(limits);
    return Object.keys(found).length === 0
      ? undefined
      : { ...found, isMust: limits.enforcement === 'required' };
  }

  /** Its tree, which lives, is held to what the definition says by now. */
  limit(ref: ProcessRef): void {
    const { sys, log } = this.#tools;
    const { limits, label } = this.#definition;
    sys.limits.set(ref, treeLimitsOf(limits), (outcome) => {
      if (outcome.ok || limits.enforcement === 'best-effort') return;
      if (sys.keeper.entry(ref)?.state === 'running')
        log.warn('the limits of a unit could not be changed', { label, error: outcome.error.code });
    });
  }

  /** How its next process is made. */
  launch(): Result<Launch, LaunchFault> {
    return launchOf(this.#base, this.#known);
  }

  /** What its next process, which is made so, is given beside its streams; an error where that cannot be had. */
  prepare(generation: number, uid: number, { env: own }: Launch): Result<Given, CannotGive> {
    const { label, surroundings } = this.#definition;
    const { sys, ports, binding } = this.#base;
    this.#marks = surroundings.envFiles.map((file) =>
      envFileMark(sys.files.read(file, 0, MOST_ENV_FILE_BYTES)),
    );
    const passed = ports.prepare(label);
    if (!passed.ok) {
      const { code, errno } = passed.error;
      const explain = (cause: Cause, done: () => void): void => {
        ports.explain(label, cause, done);
      };
      return err({ stage: 'port', code, errno, explain });
    }
    const probed = this.probes.prepare(generation, uid);
    if (!probed.ok) return err({ ...probed.error, stage: 'descriptors' });
    const { env, descriptors } = passed.value;
    return ok({
      env: [...env, ...binding.settingsOf(label, own.get('LD_PRELOAD')), ...probed.value.env],
      descriptors: [...descriptors, ...probed.value.descriptors],
      listenPid: descriptors.length > 0,
    });
  }

  /** Why one of its ports cannot be had, for people. */
  get portTrouble(): string | undefined {
    const trouble = this.#base.ports.troubleOf(this.#definition.label);
    return trouble === undefined ? undefined : describeTrouble(trouble);
  }

  /** The words of its next process, as fields. */
  get words(): readonly string[] {
    return this.#known.words.map(fieldOfText);
  }

  /** The words of what is run at each end. */
  get onExit(): Words | undefined {
    const { onExit } = this.#known;
    return onExit === undefined
      ? undefined
      : [fieldOfText(onExit[0]), ...onExit.slice(1).map((word) => fieldOfText(word))];
  }

  /** Carries out what the core asks of such units only. `mainPid`: its main process, while it has one. */
  carryOut(effect: OwnEffect, mainPid: number | undefined): void {
    switch (effect.kind) {
      case 'probe':
        this.probes.watch(effect.generation, effect.what);
        return;
      case 'find-main':
        this.probes.findMain(effect.generation);
        return;
      case 'run-command':
        this.#runCommand(effect.generation, mainPid);
        return;
      case 'kill-command':
        if (this.#command?.generation === effect.generation) this.#command.running.kill();
        return;
    }
  }

  /** Nothing is left of it, and it is no more. */
  release(): void {
    this.#command?.running.kill();
    this.probes.over(this.probes.generation);
  }

  /** A service is asked to end, a oneshot is undone. */
  #runCommand(generation: number, mainPid: number | undefined): void {
    const definition = this.#known;
    const words = definition.type === 'oneshot' ? definition.undo : definition.stopBy;
    const ended = (isDone: boolean, why?: string): void => {
      this.#command = undefined;
      if (why !== undefined) {
        const { label } = definition;
        this.#tools.log.warn('a stop command failed', { label, why });
      }
      this.#surrounding.tell({ kind: 'command-ended', generation, isDone });
    };
    const launch = words === undefined ? undefined : launchOf(this.#base, definition, words);
    if (launch?.ok !== true) {
      this.#later(() => {
        ended(false, launch?.error.message ?? 'there is none');
      });
      return;
    }
    const env = new Map([...launch.value.env, ['MAINPID', mainPid === undefined ? '' : String(mainPid)]]);
    const output = this.#surrounding.commandOutput(this.#uidOf(launch.value), generation);
    const { label } = definition;
    const command = { label, launch: { ...launch.value, env }, output, input: this.#tools.nothing };
    const running = this.#tools.commands.run(command, (end) => {
      ended(end.kind === 'exited' && end.code === 0);
    });
    this.#command = { generation, running };
  }

  #uidOf({ user }: Launch): number {
    const { uid } = this.#base;
    return uid === 0 ? (user?.uid ?? 0) : uid;
  }

  /** See `UnitProbes.adopt`. */
  adopt(ref: ProcessRef, pid: number, kept: KeptVoices, isAlive: boolean): LostVoice | undefined {
    const launch = this.launch();
    const uid = launch.ok ? this.#uidOf(launch.value) : this.#base.uid;
    return this.probes.adopt(ref, pid, kept, isAlive ? uid : undefined);
  }

  /** Outcomes come after the call that they belong to. */
  #later(action: () => void): void {
    const { sys } = this.#tools;
    sys.timers.at(sys.clock.monotonicMs(), action);
  }

  /** `/dev/null`, for what has no output of its own. */
  get nothing(): Descriptor {
    return this.#tools.nothing;
  }
}
