import type { UnitDefinition } from '../../config/definition.ts';
import type { Result } from '../../base/result.ts';
import type { Words } from '../../base/words.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Effect } from '../../supervisor/effect.ts';
import type { Descriptor } from '../../sys/sys.ts';
import type { Launch } from '../launch.ts';
import { UnitProbes, type ProbeEvent, type ProbeTools } from '../probes/unit-probes.ts';
import type { Running } from '../unit-commands.ts';
import type { UnitOutput } from '../unit-output.ts';
import { launchOf, type LaunchBase, type LaunchFault } from './launch.ts';

/** What a configured unit says to the core. */
export type Told =
  ProbeEvent | { readonly kind: 'command-ended'; readonly generation: number; readonly isDone: boolean };

/** The effects that only units of a configuration have. */
export type OwnEffect = Extract<
  Effect,
  { readonly kind: 'probe' | 'find-main' | 'run-command' | 'kill-command' }
>;

/** What archond does for a unit of the configuration beside what it does for every unit. */
export interface Surrounding {
  /** Where its own output goes by default. */
  readonly logPath: string;
  output(): UnitOutput | undefined;
  /** Where a command writes that is run for it as this user; it stays the unit's. */
  commandOutput(uid: number, generation: number): Descriptor;
  tell(event: Told): void;
}

/** A unit of the configuration: how its processes are made and asked, and the commands beside them. */
export class ConfiguredUnit {
  readonly definition: UnitDefinition;
  readonly probes: UnitProbes;
  readonly #base: LaunchBase;
  readonly #tools: ProbeTools;
  readonly #surrounding: Surrounding;
  #command: { readonly generation: number; readonly running: Running } | undefined;

  constructor(definition: UnitDefinition, base: LaunchBase, tools: ProbeTools, surrounding: Surrounding) {
    this.definition = definition;
    this.#base = base;
    this.#tools = tools;
    this.#surrounding = surrounding;
    const { label, ready, health, pidFile, log } = definition;
    this.probes = new UnitProbes(tools, {
      label,
      ready,
      health,
      pidFile,
      launch: () => this.launch(),
      logPath: log.kind === 'file' ? (log.path ?? surrounding.logPath) : undefined,
      output: () => surrounding.output(),
      tell: (event) => {
        surrounding.tell(event);
      },
    });
  }

  /** How its next process is made. */
  launch(): Result<Launch, LaunchFault> {
    return launchOf(this.#base, this.definition);
  }

  /** The words of what is run at each end. */
  get onExit(): Words | undefined {
    const { onExit } = this.definition;
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
    const { definition } = this;
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
    const { uid: ownUid } = this.#base;
    const uid = ownUid === 0 ? (launch.value.user?.uid ?? 0) : ownUid;
    const output = this.#surrounding.commandOutput(uid, generation);
    const { label } = definition;
    const command = { label, launch: { ...launch.value, env }, output, input: this.#tools.nothing };
    const running = this.#tools.commands.run(command, (end) => {
      ended(end.kind === 'exited' && end.code === 0);
    });
    this.#command = { generation, running };
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
