import type { Graph } from '../graph/graph.ts';
import type { Unit } from '../step.ts';
import { Rehearsal, type Move, type Timing } from './rehearsal.ts';
import type { Told } from './plan.ts';

export type { Timing } from './rehearsal.ts';

/** What an order would do to one unit. */
export interface Step {
  /** From 1 on, in the order in which they begin. */
  readonly number: number;
  readonly label: string;
  readonly action: 'start' | 'stop';
  /** It was under way before the order, and is waited for. */
  readonly isUnderway: boolean;
  /** The numbers of the steps that must be over before it begins. */
  readonly after: readonly number[];
  /** How long it is expected to take; undefined where nothing is known. */
  readonly expectedMs: number | undefined;
  /** Nothing is over sooner unless this is. */
  readonly isCritical: boolean;
}

/** What there is when an order is given. */
export interface Scene {
  readonly graph: Graph;
  readonly unitOf: (label: string) => Unit;
  /** How long starts and stops of a unit have taken. */
  readonly timingOf: (label: string) => Timing;
}

/**
 * What would come of an order, if all goes well: the units go through it in a rehearsal, by the plan and the transitions that
 * carry it out in earnest. What is under way anyway is no part of it, unless a step has to wait for it.
 *
 * @param joins whoever gives the order waits for what is under way, too: what would become of the units that are told without it
 *   are steps as well, and so is all that these wait for
 */
export function forecast(scene: Scene, told: readonly Told[], joins = false): readonly Step[] {
  const { graph, timingOf } = scene;
  const anyway = new Set(new Rehearsal(scene).play([]).map(keyOf));
  const isAnyway = (move: Move): boolean => move.isUnderway || anyway.has(keyOf(move));
  const all = byKey(new Rehearsal(scene).play(told));
  const moves = [...all.values()].flat();
  const joined = new Set(joins ? told.map(({ label }) => label) : []);
  const wanted = moves.filter((move) => !isAnyway(move) || joined.has(move.label));
  const shown = new Set([...wanted, ...wanted.flatMap((move) => before(graph, move, all))]);
  if (joins) for (const move of shown) for (const other of before(graph, move, all)) shown.add(other);
  const steps = moves.filter((move) => shown.has(move)).sort((one, other) => one.beginMs - other.beginMs);
  const among = byKey(steps);
  const numbers = new Map(steps.map((move, index) => [move, index + 1]));
  const critical = criticalAmong(steps, (move) => before(graph, move, among));
  return steps.map((move, index) => ({
    number: index + 1,
    label: move.label,
    action: move.action,
    isUnderway: isAnyway(move),
    after: before(graph, move, among)
      .map((other) => numbers.get(other) ?? 0)
      .sort((one, other) => one - other),
    expectedMs: timingOf(move.label)[move.action],
    isCritical: critical.has(move),
  }));
}

type Moves = ReadonlyMap<string, readonly Move[]>;

function keyOf({ action, label }: Pick<Move, 'action' | 'label'>): string {
  return `${action} ${label}`;
}

function byKey(moves: readonly Move[]): Moves {
  const found = new Map<string, Move[]>();
  for (const move of moves) {
    const known = found.get(keyOf(move));
    if (known === undefined) found.set(keyOf(move), [move]);
    else known.push(move);
  }
  return found;
}

/** The moves that have to be over before this one begins: what stands between the two in the graph says so, or they are of the same unit. */
function before(graph: Graph, move: Move, moves: Moves): readonly Move[] {
  const { label } = move;
  const node = graph.get(label);
  const keys = new Set<string>();
  const add = (action: Move['action'], nodes: readonly { readonly label: string }[] = []): void => {
    for (const other of nodes) keys.add(keyOf({ action, label: other.label }));
  };
  if (move.action === 'start') {
    add('start', node?.needs);
    add('start', node?.startsAfter);
    add('stop', node?.conflicts);
    add('stop', [{ label }]);
  } else {
    add('stop', node?.neededBy);
    add('stop', node?.stopsAfter);
  }
  return [...keys].flatMap((key) => (moves.get(key) ?? []).filter((other) => other.endMs <= move.beginMs));
}

/** The longest chain: from the move that is over last back to what it waited for last. */
function criticalAmong(moves: readonly Move[], beforeOf: (move: Move) => readonly Move[]): ReadonlySet<Move> {
  const found = new Set<Move>();
  for (let move = lastOf(moves); move !== undefined; move = lastOf(beforeOf(move))) found.add(move);
  return found;
}

function lastOf(moves: readonly Move[]): Move | undefined {
  let last: Move | undefined;
  for (const move of moves) if (last === undefined || move.endMs > last.endMs) last = move;
  return last;
}
