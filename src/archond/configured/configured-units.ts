import type { Configuration } from '../../config/configuration.ts';
import type { UnitDefinition } from '../../config/definition.ts';
import { buildGraph, type Graph } from '../../supervisor/graph/graph.ts';
import type { Field } from '../../supervisor/plan/orders.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { notifyOwner } from '../probes/notify-socket.ts';
import type { LostVoice, ProbeTools } from '../probes/unit-probes.ts';
import { readyPipeOwner } from '../probes/ready-pipe.ts';
import type { Chronicle } from '../chronicle.ts';
import type { StandardStreams } from '../standard-streams.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';
import type { InForceState, YoungNeed } from '../in-force-state.ts';
import { ConfiguredUnit } from './configured-unit.ts';
import { jointUnits } from './joint-units.ts';
import type { LaunchBase } from './launch.ts';
import { specOf } from './spec.ts';

/** A descriptor that the keeper held for an earlier archond. */
export interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** The units of the configuration in force. */
export class ConfiguredUnits {
  #configuration: Configuration;
  #graph: Graph;
  #byLabel: ReadonlyMap<string, UnitDefinition>;
  /** Definitions of units that are in the configuration no more, and not gone yet. */
  readonly #leaving = new Map<string, UnitDefinition>();
  #young: readonly YoungNeed[] = [];
  readonly #base: LaunchBase;
  readonly #tools: ProbeTools;
  readonly #streams: StandardStreams;
  readonly #supervisor: Supervisor;
  readonly #chronicle: Chronicle;
  /** What was enabled or disabled by hand. */
  readonly #byHand: Map<string, boolean>;

  constructor(
    { configuration, leaving, young }: InForceState,
    base: LaunchBase,
    tools: ProbeTools,
    streams: StandardStreams,
    supervisor: Supervisor,
    chronicle: Chronicle,
  ) {
    this.#configuration = configuration;
    for (const one of leaving) this.#leaving.set(one.label, one);
    this.#young = young;
    this.#byLabel = new Map();
    this.#graph = new Map();
    this.#build();
    this.#base = base;
    this.#tools = tools;
    this.#streams = streams;
    this.#supervisor = supervisor;
    this.#chronicle = chronicle;
    this.#byHand = chronicle.enabledByHand();
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** How they hang together, with what is not gone yet. */
  get graph(): Graph {
    return this.#graph;
  }

  /** Another configuration is in force. */
  replace({ configuration, leaving, young }: InForceState): void {
    this.#configuration = configuration;
    this.#leaving.clear();
    for (const one of leaving) this.#leaving.set(one.label, one);
    this.#young = young;
    this.#build();
  }

  #build(): void {
    const { units } = this.#configuration;
    this.#byLabel = new Map([...this.#leaving.values(), ...units].map((unit) => [unit.label, unit]));
    this.#graph = buildGraph(jointUnits(units, [...this.#leaving.values()], this.#young));
  }

  /** Definitions of what is in the configuration no more, and not gone yet. */
  get leaving(): readonly UnitDefinition[] {
    return [...this.#leaving.values()];
  }

  isLeaving(label: string): boolean {
    return this.#leaving.has(label);
  }

  /** Nothing is left of a unit that was leaving: its label is free, and what was said of it by hand is forgotten. */
  gone(label: string): void {
    if (!this.#leaving.delete(label)) return;
    this.#byHand.delete(label);
    this.#chronicle.enabledForgotten(label);
    this.#byLabel = new Map([...this.#byLabel].filter(([other]) => other !== label));
  }

  get young(): readonly YoungNeed[] {
    return this.#young;
  }

  /** These needs are as all others from now on. */
  matured(needs: readonly YoungNeed[]): void {
    this.#young = this.#young.filter((one) => !needs.includes(one));
    this.#build();
  }

  /** All definitions of the configuration, in the order of the files. */
  get definitions(): readonly UnitDefinition[] {
    return this.#configuration.units;
  }

  /** The graph and where its units are, for the making of orders. Of a label that is no unit nothing may be asked. */
  get field(): Field {
    const { graph } = this;
    return { graph, unitOf: (label) => this.#supervisor.unitOf(label) };
  }

  definitionOf(label: string): UnitDefinition | undefined {
    return this.#byLabel.get(label);
  }

  /** Whether it is started when the supervisor starts: as was said by hand, else as the configuration says. */
  isEnabled({ label, enabled }: UnitDefinition): boolean {
    return this.#byHand.get(label) ?? enabled;
  }

  /** Says so by hand. */
  enable(label: string, isEnabled: boolean): void {
    this.#byHand.set(label, isEnabled);
    this.#chronicle.enabled(label, isEnabled);
  }

  /** The instances that a label names together; undefined where it names none. */
  membersOf(label: string): readonly string[] | undefined {
    return this.#configuration.groups.find((group) => group.label === label)?.members;
  }

  /** Whether the configuration has this label, as a unit or as the name of several instances. */
  claims(label: string): boolean {
    return this.#byLabel.has(label) || this.membersOf(label) !== undefined;
  }

  /** Adds the unit of a definition, down. Its label must be free. */
  add(definition: UnitDefinition): UnitRecord {
    const supervisor = this.#supervisor;
    const record = supervisor.add({
      spec: specOf(definition),
      launch: undefined,
      stdio: [undefined, undefined, undefined],
      keep: true,
    });
    record.configured = new ConfiguredUnit(definition, this.#base, this.#tools, {
      logPath: ({ label, log }) => (log.kind === 'file' ? this.#streams.logPath(label, log) : undefined),
      output: () => record.output,
      commandOutput: (uid, generation) => this.#streams.forCommand(record, uid, generation),
      tell: (event) => {
        supervisor.post(record, event);
      },
    });
    return record;
  }

  /** Hands the descriptors of a process of an earlier archond to its probes; returns those that were taken, and what one that lives lacks. */
  adoptProbes(
    record: UnitRecord,
    pid: number,
    kept: readonly Kept[],
    isAlive: boolean,
  ): { readonly taken: readonly Kept[]; readonly lost?: LostVoice | undefined } {
    const { ref, configured, label } = record;
    if (ref === undefined || configured === undefined) return { taken: [] };
    const owns = (owner: { readonly label: string; readonly generation: number } | undefined): boolean =>
      owner?.label === label && owner.generation === ref.generation;
    const notify = kept.find(({ name }) => owns(notifyOwner(name)));
    const ready = kept.find(({ name }) => owns(readyPipeOwner(name)));
    const lost = configured.adopt(ref, pid, { notify, ready }, isAlive);
    return { taken: [notify, ready].filter((one) => one !== undefined), lost };
  }
}
