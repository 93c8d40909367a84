import { familyOf, type Address } from '../../base/address.ts';
import { isPreloadable, preloading } from '../../base/preload.ts';
import type { UnitDefinition } from '../../config/definition.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Kept } from '../configured/configured-units.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings.ts';
import type { Supervisor } from '../supervisor.ts';
import type { PortJudge } from '../rules/port-questions.ts';
import { BindDoor, isBindDoor } from './bind-door.ts';
import { BindRequests, type Bindable } from './bind-requests.ts';
import { whenMade } from './coming.ts';
import type { HeldPorts } from './held-ports.ts';

/** What is needed for the programs that bind by themselves. */
export interface OwnBindingTools {
  readonly sys: Sys;
  readonly log: Log;
  readonly chronicle: Chronicle;
  readonly ports: HeldPorts;
  readonly units: readonly UnitDefinition[];
  readonly settings: Pick<Settings, 'runtimeDir' | 'bindShim'>;
  readonly supervisor: Pick<Supervisor, 'records'>;
  /** Decides for processes that were not started here. */
  readonly judge?: PortJudge | undefined;
}

/** The units whose programs bind by themselves (`pass: bind`): what they are given, and where they ask. */
export class OwnBinding {
  readonly #tools: OwnBindingTools;
  /** Labels of all units that have ports. */
  #owners: readonly string[] = [];
  #labels: ReadonlySet<string> = new Set();
  #door: BindDoor | undefined;
  #wasTold = false;

  constructor(tools: OwnBindingTools) {
    this.#tools = tools;
    this.replace(tools.units);
  }

  /** These are the units from now on. */
  replace(units: readonly UnitDefinition[]): void {
    this.#owners = units.filter(({ ports }) => ports.length > 0).map(({ label }) => label);
    const binding = units.filter(({ ports }) => ports.some(({ pass }) => pass === 'bind'));
    this.#labels = new Set(binding.map(({ label }) => label));
  }

  /** Goes on with the socket that the keeper held, or makes one; where no unit binds by itself there is none. */
  takeOver(kept: readonly Kept[]): void {
    const { sys, settings } = this.#tools;
    const own = kept.find(({ name }) => isBindDoor(name));
    if (this.#labels.size > 0) this.#open(own);
    else if (own !== undefined) {
      const door = BindDoor.open(sys, settings.runtimeDir, own.descriptor);
      if (door.ok) door.value.discard();
    }
  }

  #open(kept?: Kept): void {
    const { sys, log, chronicle, settings, supervisor, judge } = this.#tools;
    const door = BindDoor.open(sys, settings.runtimeDir, kept?.descriptor);
    if (!door.ok) {
      this.#complain({ error: door.error.code, call: door.error.call, folder: settings.runtimeDir });
      return;
    }
    const heldAt = (address: Address): readonly Bindable[] => this.#heldAt(address);
    const requests = new BindRequests({
      ...{ sys, log, chronicle, heldAt, judge },
      whenMade: (label, then) => whenMade(supervisor, label, then),
    });
    door.value.listen(requests.heard);
    this.#door = door.value;
  }

  #heldAt(address: Address): readonly Bindable[] {
    const { ports } = this.#tools;
    const { protocol, host, port } = address;
    return this.#owners.flatMap((label) => {
      const held = ports.find(label, familyOf(host), protocol, host, port);
      return held === undefined ? [] : [{ ...held, label }];
    });
  }

  /** Said once: what does not bind by itself is not concerned. */
  #complain(details: Readonly<Record<string, unknown>>): void {
    if (!this.#wasTold) this.#tools.log.warn('programs cannot be given their ports by bind', details);
    this.#wasTold = true;
  }

  /**
   * The settings by which the next process of a unit is given its ports when it binds; none where it does not.
   *
   * @param preloaded what is to be preloaded into it anyway, as a field
   */
  settingsOf(label: string, preloaded?: string): readonly (readonly [name: string, value: string])[] {
    if (!this.#labels.has(label)) return [];
    const { bindShim } = this.#tools.settings;
    if (!isPreloadable(bindShim)) this.#complain({ 'cannot be preloaded': bindShim });
    else if (this.#door === undefined) this.#open();
    if (this.#door === undefined || !isPreloadable(bindShim)) return [];
    return [
      ['LD_PRELOAD', preloading(fieldOfText(bindShim), preloaded)],
      ['ARCHON_BIND', fieldOfText(this.#door.path)],
    ];
  }

  /** At an orderly end. */
  close(): void {
    this.#door?.discard();
    this.#door = undefined;
  }
}
