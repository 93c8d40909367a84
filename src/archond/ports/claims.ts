import type { PortDefinition, UnitDefinition } from '../../config/definition.ts';
import { idText, type PortId, type Wanted } from '../../portalloc/port-table.ts';

/** A port that the configuration wants, for one unit or for several instances together. */
export interface Claim extends Wanted {
  readonly backlog: number;
  /** The units that have it. */
  readonly labels: readonly string[];
}

/** One port of a unit, as it is passed to its processes. */
export interface UnitPort {
  readonly id: PortId;
  readonly name: string;
  readonly pass: 'fd' | 'bind';
}

/** What the units of a configuration want. */
export interface Claims {
  /** In the order of the configuration, each once. */
  readonly all: readonly Claim[];
  /** By label, in the order of its definition. */
  readonly ofUnit: ReadonlyMap<string, readonly UnitPort[]>;
}

/** The ports that units want, those of a unit in the order in which they are passed. */
export function claimsOf(units: readonly UnitDefinition[]): Claims {
  const all = new Map<string, Claim>();
  const ofUnit = new Map<string, UnitPort[]>();
  const addresses = addressesByName(units);
  for (const unit of units) {
    const ports: UnitPort[] = [];
    for (const port of unit.ports) {
      const { name, pass, protocol, host, backlog } = port;
      const id = { owner: ownerOf(unit, port, addresses), name };
      ports.push({ id, name, pass });
      const known = all.get(idText(id));
      const labels = [...(known?.labels ?? []), unit.label];
      const isShared = port.share === 'reuseport';
      all.set(idText(id), { ...id, protocol, host, port: port.port, isShared, backlog, labels });
    }
    if (ports.length > 0) ofUnit.set(unit.label, ports);
  }
  return { all: [...all.values()], ofUnit };
}

/** Instances have one socket together, unless each is to have its own, or the configuration gives them different ones. */
function ownerOf(
  { label, instance }: UnitDefinition,
  { name, share }: PortDefinition,
  addresses: ReadonlyMap<string, ReadonlySet<string>>,
): string {
  const isTogether =
    instance !== undefined && share === 'one' && addresses.get(nameKey(instance.of, name))?.size === 1;
  return isTogether ? instance.of : label;
}

function addressesByName(units: readonly UnitDefinition[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { instance, ports } of units) {
    if (instance === undefined) continue;
    for (const { name, protocol, host, port } of ports) {
      const key = nameKey(instance.of, name);
      found.set(key, (found.get(key) ?? new Set()).add(`${protocol} ${host} ${String(port)}`));
    }
  }
  return found;
}

function nameKey(label: string, name: string): string {
  return idText({ owner: label, name });
}

/** By label: of which each is an instance. */
export function groupsOf(units: readonly UnitDefinition[]): ReadonlyMap<string, string> {
  return new Map(
    units.flatMap(({ label, instance }) => (instance === undefined ? [] : [[label, instance.of] as const])),
  );
}

/** Whether a socket that was bound for one can be had by the other, where it is at the right place. */
export function isAlike(one: Claim, other: Claim): boolean {
  return one.protocol === other.protocol && one.isShared === other.isShared && one.backlog === other.backlog;
}
