/**
 * What a unit's place in the graph of dependencies lets it do. It follows from the states of its neighbours
 * (`src/supervisor/plan`), is told to the unit whenever it changes (event `gate`), and is obeyed by it: what comes
 * up passes the one half, what goes down the other.
 */
export interface Gate {
  readonly start: StartGate;
  /** Something that has to be down before this one goes down is not: a stop begins when it is. */
  readonly isNeeded: boolean;
}

/**
 * `held`: what it needs, or is to come after, is not up yet. `blocked`: something that it needs is `failed`; `needs` are
 * the labels from that need to the one that failed by itself, or to the first that somebody else told to be so.
 */
export type StartGate =
  | { readonly kind: 'open' }
  | { readonly kind: 'held' }
  | { readonly kind: 'blocked'; readonly needs: FailedNeeds };

/** At least one label: the need, what that needs, and so on. */
export type FailedNeeds = readonly [string, ...string[]];

/** The gate of a unit without dependencies. */
export const OPEN_GATE: Gate = { start: { kind: 'open' }, isNeeded: false };

/** That of a unit of which the plan has still to say what it may do. */
export const HELD_GATE: Gate = { start: { kind: 'held' }, isNeeded: false };

/** Whether two gates let the same. */
export function isSameGate(one: Gate, other: Gate): boolean {
  return one.isNeeded === other.isNeeded && isSameStart(one.start, other.start);
}

function isSameStart(one: StartGate, other: StartGate): boolean {
  if (one.kind !== 'blocked' || other.kind !== 'blocked') return one.kind === other.kind;
  return one.needs.length === other.needs.length && one.needs.every((label, at) => label === other.needs[at]);
}
