import type { Graph, Node } from '../graph/graph.ts';
import type { Unit } from '../step.ts';
import { factsOf, isUpright, LIVE, UNDERWAY, UP } from './facts.ts';

type UnitOf = (label: string) => Unit;

/**
 * All that an order to start these units starts: they, what they need and want, and what that needs and wants, as far
 * as it is neither up nor starting. The given ones come first.
 */
export function pulledUp(graph: Graph, labels: readonly string[], unitOf: UnitOf): readonly string[] {
  const found = new Set(labels);
  for (const label of found) {
    const node = graph.get(label);
    if (node === undefined || isUpright(unitOf(label))) continue;
    for (const other of [...node.needs, ...node.wants])
      if (!isUpright(unitOf(other.label))) found.add(other.label);
  }
  return [...found];
}

/** What has to come up for these units to come up: all that they need, of their own or through others, and that is not up. */
export function neededFirst(graph: Graph, labels: readonly string[], unitOf: UnitOf): readonly string[] {
  const found = new Set<string>();
  const open = labels.flatMap((label) => graph.get(label) ?? []);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const need of node.needs) {
      if (found.has(need.label) || (factsOf(unitOf(need.label), false) & UP) !== 0) continue;
      found.add(need.label);
      open.push(need);
    }
  }
  return [...found];
}

/** Two of these units that cannot be beside each other; undefined where all can. */
export function rivals(graph: Graph, labels: readonly string[]): readonly [string, string] | undefined {
  const all = new Set(labels);
  for (const label of labels)
    for (const other of graph.get(label)?.conflicts ?? [])
      if (all.has(other.label)) return [label, other.label];
  return undefined;
}

/** What a stop of these units takes down beside them: all that is up or starting and needs one of them, or one that does. */
export function takenDown(graph: Graph, labels: readonly string[], unitOf: UnitOf): readonly string[] {
  const given = new Set(labels);
  const found = new Set<string>();
  const open = labels.flatMap((label) => graph.get(label) ?? []);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const other of node.neededBy) {
      if (found.has(other.label) || !isUpright(unitOf(other.label))) continue;
      found.add(other.label);
      open.push(other);
    }
  }
  return [...found].filter((label) => !given.has(label)).sort();
}

/** What cannot be beside these units and is up, or is to be. */
export function conflicting(graph: Graph, labels: readonly string[], unitOf: UnitOf): readonly string[] {
  const found = new Set<string>();
  for (const label of labels)
    for (const other of graph.get(label)?.conflicts ?? []) {
      const unit = unitOf(other.label);
      if (unit.desired === 'up' || (factsOf(unit, false) & LIVE) !== 0) found.add(other.label);
    }
  return [...found].sort();
}

/** What a unit that is `waiting` waits for, in the order of the configuration; nothing where it needs nothing more. */
export function waitedFor(graph: Graph, label: string, unitOf: UnitOf): readonly string[] {
  const node = graph.get(label);
  if (node === undefined) return [];
  const has = (other: Node, flag: number): boolean => (factsOf(unitOf(other.label), true) & flag) !== 0;
  const needs = node.needs.filter((other) => !has(other, UP));
  const before = node.startsAfter.filter((other) => has(other, UNDERWAY));
  const beside = node.conflicts.filter((other) => has(other, LIVE));
  return [...new Set([...needs, ...before, ...beside])].map((other) => other.label);
}

/** The units that need this one, be they up or not, of their own or through others. */
export function dependentsOf(graph: Graph, label: string): readonly string[] {
  const found = new Set<string>();
  const open = [graph.get(label)];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const other of node.neededBy) {
      if (found.has(other.label)) continue;
      found.add(other.label);
      open.push(other);
    }
  }
  return [...found].sort();
}

/** All that starts one of these too when it is started, because it needs or wants it, of its own or through others. */
export function pulling(graph: Graph, labels: readonly string[]): readonly string[] {
  const pullers = new Map<string, string[]>();
  for (const { label, needs, wants } of graph.values())
    for (const other of [...needs, ...wants]) {
      const known = pullers.get(other.label);
      if (known === undefined) pullers.set(other.label, [label]);
      else known.push(label);
    }
  const found = new Set(labels);
  for (const label of found) for (const puller of pullers.get(label) ?? []) found.add(puller);
  return [...found].filter((label) => !labels.includes(label)).sort();
}
