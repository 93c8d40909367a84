import type { Unit } from '../../../src/supervisor/transition.ts';
import type { Citizen, Line, Town } from './town.ts';

/*
 * What the page of dependencies says, told anew from the citizens' own words: nothing of the graph or of the plan is
 * used here.
 */

/** Can be built upon. */
export function isUp({ state, spec }: Unit): boolean {
  return state.kind === 'running' || (state.kind === 'finished' && spec.type === 'oneshot');
}

/** Has a process that is not on its way down, or has done what it is for. */
function stands(unit: Unit): boolean {
  return isUp(unit) || unit.state.kind === 'starting';
}

function isGone({ state, spec }: Unit): boolean {
  const down = ['stopped', 'waiting', 'blocked', 'backoff', 'failed'];
  return down.includes(state.kind) || (state.kind === 'finished' && spec.type === 'service');
}

/** The labels that come before this one at the start, when they are to start too. */
export function startsAfter(citizens: ReadonlyMap<string, Citizen>, label: string): string[] {
  const { wants = [], after = [] } = citizens.get(label)?.dependencies ?? {};
  const turned = [...citizens.values()].filter((one) => one.dependencies.before.includes(label));
  return [...wants, ...after, ...turned.map((one) => one.label)];
}

/** What is wrong with one step. */
export function faultsOf(line: Line, citizens: ReadonlyMap<string, Citizen>): string[] {
  const { label, step, units, live, before, event } = line;
  const own = citizens.get(label);
  if (own === undefined) return [];
  const of = (other: string): Unit => units.get(other) ?? before;
  const faults: string[] = [];
  const dependents = [...citizens.values()].filter((one) => one.dependencies.needs.includes(label));

  for (const { kind } of step.effects) {
    if (kind === 'spawn') {
      if (live.has(label)) faults.push(`${label} is started twice`);
      for (const need of own.dependencies.needs)
        if (!isUp(of(need)))
          faults.push(`${label} starts while ${need}, which it needs, is ${of(need).state.kind}`);
      for (const other of startsAfter(citizens, label))
        if (of(other).state.kind === 'starting') faults.push(`${label} starts before ${other} has`);
      const against = [...citizens.values()].filter(
        (one) => one.dependencies.conflicts.includes(label) || own.dependencies.conflicts.includes(one.label),
      );
      for (const other of against)
        if (!isGone(of(other.label))) faults.push(`${label} starts beside ${other.label}`);
    }
    const isAsked = kind === 'signal' || kind === 'run-command';
    const isEarly = event.kind !== 'stop-due' && before.state.kind !== 'clearing';
    if (isAsked && isEarly && (before.state.kind !== 'stopping' || before.state.rung === 'wait'))
      for (const other of dependents)
        if (!isGone(of(other.label)))
          faults.push(`${label} is asked to end before ${other.label}, which needs it`);
  }
  return faults;
}

/** What is wrong with a town in which nobody has anything left to say to another. */
export function standing(town: Town): string[] {
  const faults: string[] = [];
  for (const [label, { dependencies }] of town.specs) {
    const unit = town.unitOf(label);
    const needs = dependencies.needs.map((need) => town.unitOf(need));
    const bad = needs.filter((need) => !isUp(need));
    const isFailing = needs.some(({ state }) => state.kind === 'failed' || state.kind === 'blocked');
    if (stands(unit) && bad.length > 0)
      faults.push(`${label} is left up while ${bad[0]?.spec.label ?? ''} is ${bad[0]?.state.kind ?? ''}`);
    if (unit.state.kind === 'blocked' && !isFailing) faults.push(`${label} is failed for nothing`);
    if (unit.state.kind === 'waiting' && isFailing) faults.push(`${label} waits for what has failed`);
    if (unit.state.kind === 'waiting' && bad.length === 0 && !hasReasonToWait(town, label))
      faults.push(`${label} waits for nothing`);
    const { state } = unit;
    const isHeld =
      (state.kind === 'stopping' && state.rung === 'wait') ||
      (state.kind === 'undoing' && state.step === 'wait');
    if (isHeld && !hasReasonToStay(town, label))
      faults.push(`${label} does not go down, and nothing needs it`);
  }
  return faults;
}

function hasReasonToWait(town: Town, label: string): boolean {
  const isMoving = (other: string): boolean => {
    const { state, desired } = town.unitOf(other);
    if (state.kind === 'starting' || state.kind === 'clearing') return true;
    if (state.kind === 'waiting') return !rivalsOf(town, other).some((rival) => isStaying(town, rival));
    return (state.kind === 'stopping' || state.kind === 'undoing') && desired === 'up';
  };
  return (
    startsAfter(town.specs, label).some(isMoving) ||
    rivalsOf(town, label).some((rival) => !isGone(town.unitOf(rival)))
  );
}

function rivalsOf({ specs }: Town, label: string): readonly string[] {
  const own = specs.get(label)?.dependencies.conflicts ?? [];
  return [...specs.values()].flatMap((one) =>
    one.dependencies.conflicts.includes(label) || own.includes(one.label) ? [one.label] : [],
  );
}

/** It is there, and nobody has it end. */
function isStaying(town: Town, label: string): boolean {
  const { state, spec } = town.unitOf(label);
  return (
    state.kind === 'starting' ||
    state.kind === 'running' ||
    (state.kind === 'finished' && spec.type === 'oneshot')
  );
}

function hasReasonToStay(town: Town, label: string): boolean {
  const isLeft = (one: Citizen): boolean => !isGone(town.unitOf(one.label));
  const isLeaving = (one: Citizen): boolean =>
    ['stopping', 'undoing', 'clearing'].includes(town.unitOf(one.label).state.kind);
  const others = [...town.specs.values()];
  const needing = others.filter((one) => one.dependencies.needs.includes(label));
  const first = others.filter((one) => stopsFirst(town.specs, one.label, label));
  return needing.some(isLeft) || first.some(isLeaving);
}

/** Whether `one` has to stop before `other` when both are to stop. */
export function stopsFirst(citizens: ReadonlyMap<string, Citizen>, one: string, other: string): boolean {
  const a = citizens.get(one)?.dependencies;
  const b = citizens.get(other)?.dependencies;
  if (a === undefined || b === undefined || a.needs.includes(other)) return false;
  if (a.stopBefore.includes(other) || b.stopAfter.includes(one)) return true;
  if (b.stopBefore.includes(one) || a.stopAfter.includes(other)) return false;
  return startsAfter(citizens, one).includes(other);
}
