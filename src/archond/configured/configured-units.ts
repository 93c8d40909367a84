import type { Configuration } from '../../config/configuration.ts';
import type { UnitDefinition } from '../../config/definition.ts';
import { buildGraph, type Graph } from '../../supervisor/graph/graph.ts';
import type { Field } from '../../supervisor/plan/orders.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { notifyOwner } from '../probes/notify-socket.ts';
import type { ProbeTools } from '../probes/unit-probes.ts';
import { readyPipeOwner } from '../probes/ready-pipe.ts';
import type { Chronicle } from '../chronicle.ts';
import type { StandardStreams } from '../standard-streams.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';
import { ConfiguredUnit } from './configured-unit.ts';
import type { LaunchBase } from './launch.ts';
import { specOf } from './spec.ts';

/** A descriptor that the keeper held for an earlier archond. */
export interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** The units of the configuration in force. */
export class ConfiguredUnits {
  readonly configuration: Configuration;
  /** How they hang together. */
  readonly graph: Graph;
  readonly #byLabel: ReadonlyMap<string, UnitDefinition>;
  readonly #base: LaunchBase;
  readonly #tools: ProbeTools;
  readonly #streams: StandardStreams;
  readonly #supervisor: Supervisor;
  readonly #chronicle: Chronicle;
  /** What was enabled or disabled by hand. */
  readonly #byHand: Map<string, boolean>;

  constructor(
    configuration: Configuration,
    base: LaunchBase,
    tools: ProbeTools,
    streams: StandardStreams,
    supervisor: Supervisor,
    chronicle: Chronicle,
  ) {
    this.configuration = configuration;
    this.graph = buildGraph(configuration.units);
    this.#byLabel = new Map(configuration.units.map((unit) => [unit.label, unit]));
    this.#base = base;
    this.#tools = tools;
    this.#streams = streams;
    this.#supervisor = supervisor;
    this.#chronicle = chronicle;
    this.#byHand = chronicle.enabledByHand();
  }

  /** All definitions, in the order of the files. */
  get definitions(): readonly UnitDefinition[] {
    return this.configuration.units;
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
    return this.configuration.groups.find((group) => group.label === label)?.members;
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
      logPath: this.#streams.logPath(definition.label, definition.log),
      output: () => record.output,
      commandOutput: (uid, generation) => this.#streams.forCommand(record, uid, generation),
      tell: (event) => {
        supervisor.post(record, event);
      },
    });
    return record;
  }

  /** Hands the descriptors of a living process of an earlier archond to its probes; returns those that were taken. */
  adoptProbes(record: UnitRecord, pid: number, kept: readonly Kept[]): readonly Kept[] {
    const { ref, configured, label } = record;
    if (ref === undefined || configured === undefined) return [];
    const owns = (owner: { readonly label: string; readonly generation: number } | undefined): boolean =>
      owner?.label === label && owner.generation === ref.generation;
    const notify = kept.find(({ name }) => owns(notifyOwner(name)));
    const ready = kept.find(({ name }) => owns(readyPipeOwner(name)));
    configured.probes.adopt(ref, pid, {
      ...(notify === undefined ? {} : { notify }),
      ...(ready === undefined ? {} : { ready }),
    });
    return [notify, ready].filter((one) => one !== undefined);
  }
}
