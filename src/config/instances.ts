import type { Complaint } from './complaint.ts';
import { isVerbatim, type Declaration } from './declarations.ts';
import type { Place } from './place.ts';
import { portReference } from './port-reference.ts';
import { unit } from './schema/unit.ts';
import { parametersOf, substitute, substituteAll, type Parameters } from './substitute.ts';
import { partAt, showPath, type MapTree } from './tree.ts';

/** One unit that a declaration makes, nothing left to be put in. */
export interface Instance {
  readonly label: string;
  readonly place: Place;
  readonly tree: MapTree;
  /** The label of the declaration, which is the path of its keys. */
  readonly declared: string;
  /** Its number, where there are several. */
  readonly number?: number;
}

/** The units that a declaration makes: `label`, or `label@1` to `label@N`. */
export function instancesOf(declaration: Declaration, complaints: Complaint[]): readonly Instance[] {
  const { label, place } = declaration;
  const count = countOf(declaration);
  if (count === 1) return [{ label, place, declared: label, tree: filledIn(declaration, 1, complaints) }];
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const tree = filledIn(declaration, number, complaints);
    return { label: `${label}@${number}`, place, declared: label, number, tree };
  });
}

/** How many there are to be. What is no number is complained about when the unit is read. */
function countOf({ tree }: Declaration): number {
  const part = tree.entries.get('instances')?.value;
  const read = part?.kind === 'text' ? unit.shape.instances.safeParse(part.text) : undefined;
  return read?.success === true ? (read.data ?? 1) : 1;
}

function filledIn({ label, tree }: Declaration, number: number, complaints: Complaint[]): MapTree {
  return fillIn(tree, number, ['units', label], complaints);
}

/** A declaration's tree for one instance: with its number and those of its ports, braces as they are meant. */
export function fillIn(
  tree: MapTree,
  number: number,
  prefix: readonly string[],
  complaints: Complaint[],
): MapTree {
  const values = new Map([['instance', String(number)]]);
  for (const [name, port] of portTexts(tree, parametersOf(values))) values.set(`port.${name}`, port);
  return substituteAll(tree, parametersOf(values), isVerbatim, prefix, complaints);
}

/** For each port of a unit what stands for its number. */
function portTexts(
  tree: MapTree,
  parameters: Parameters,
): readonly (readonly [name: string, text: string])[] {
  const ports = tree.entries.get('ports')?.value;
  if (ports?.kind !== 'map') return [];
  return [...ports.entries].map(([name, { value }]) => {
    const part = value.kind === 'map' ? partAt(value, ['port']) : value;
    const text = part?.kind === 'text' ? substitute(part.text, parameters, () => undefined) : 'auto';
    return [name, /^(?:[0-9]+$|\/)/.test(text) ? text : portReference(name)];
  });
}

/** Complaints about labels of instances that are labels of units, or of other instances. */
export function instanceClashes(
  instances: readonly Instance[],
  declarations: ReadonlyMap<string, Declaration>,
): readonly Complaint[] {
  return instances.flatMap(({ label, number, declared, place }) => {
    const other = number === undefined ? undefined : declarations.get(label);
    if (other === undefined) return [];
    const message = `instance ${number} of ${declared} is called as the unit ${label} is`;
    const key = showPath(['units', declared, 'instances']);
    return [{ kind: 'duplicate-label', place, key, message, other: other.place }];
  });
}
