import type { Cause } from '../cause.ts';
import { NO_CAUSE } from '../cause.ts';
import type { UnitEvent } from '../event.ts';
import type { FailedNeeds, StartGate } from '../gate.ts';
import type { Node } from '../graph/graph.ts';
import { FAILED, FALLING, LIVE, UNDERWAY, UP, UPRIGHT, type Facts } from './facts.ts';

/** A unit in the plan: what it has told its neighbours of itself, and how many of them are how. */
export interface Seat {
  readonly node: Node;
  facts: Facts;
  /** Why it has failed, for those that need it; of one that has not, nothing. */
  failedNeeds: FailedNeeds | undefined;
  /** Of what it needs: not up. */
  needsDown: number;
  /** Of those: nothing comes of them by itself. */
  needsStuck: number;
  needsFailed: number;
  /** Of what it comes after: something will come of it. */
  startsUnderway: number;
  conflictsLive: number;
  /** Of those: not on its way down, so that somebody has to stop it. */
  conflictsStaying: number;
  /** Of those that need it. */
  dependentsLive: number;
  /** Of those that it lets stop first. */
  stopsFalling: number;
  /** What takes it down in this wave. */
  fall: UnitEvent | undefined;
  /** An order to start it in this wave. */
  rise: UnitEvent | undefined;
  isQueued: boolean;
  /** Of the neighbour that has changed last. */
  cause: Cause;
}

export function newSeat(node: Node): Seat {
  return {
    node,
    facts: 0,
    failedNeeds: undefined,
    needsDown: node.needs.length,
    needsStuck: node.needs.length,
    needsFailed: 0,
    startsUnderway: 0,
    conflictsLive: 0,
    conflictsStaying: 0,
    dependentsLive: 0,
    stopsFalling: 0,
    fall: undefined,
    rise: undefined,
    isQueued: false,
    cause: NO_CAUSE,
  };
}

/** Whether the seat's start waits for nothing that somebody has to do something about. */
export function isMoving({ needsFailed, needsStuck, conflictsStaying }: Seat): boolean {
  return needsFailed === 0 && needsStuck === 0 && conflictsStaying === 0;
}

/** Whether it may come up. @param seatOf only asked where something that it needs has failed */
export function startGate(seat: Seat, seatOf: (node: Node) => Seat): StartGate {
  if (seat.needsFailed > 0) {
    const failed = seat.node.needs.find((need) => (seatOf(need).facts & FAILED) !== 0);
    if (failed !== undefined)
      return { kind: 'blocked', needs: [failed.label, ...(seatOf(failed).failedNeeds ?? [])] };
  }
  const isHeld = seat.needsDown > 0 || seat.startsUnderway > 0 || seat.conflictsLive > 0;
  return { kind: isHeld ? 'held' : 'open' };
}

/** Counts in a neighbour of this one that has changed what it tells of itself. */
export const COUNT = {
  inDependent(dependent: Seat, before: Facts, now: Facts): void {
    dependent.needsDown += change(isDown, before, now);
    dependent.needsStuck += change(isStuck, before, now);
    dependent.needsFailed += change(isFailed, before, now);
  },
  inNeed(need: Seat, before: Facts, now: Facts): void {
    need.dependentsLive += change(isLive, before, now);
  },
  inLater(later: Seat, before: Facts, now: Facts): void {
    later.startsUnderway += change(isUnderway, before, now);
  },
  inLast(last: Seat, before: Facts, now: Facts): void {
    last.stopsFalling += change(isFalling, before, now);
  },
  inConflict(other: Seat, before: Facts, now: Facts): void {
    other.conflictsLive += change(isLive, before, now);
    other.conflictsStaying += change(isUpright, before, now);
  },
} as const;

function change(is: (facts: Facts) => boolean, before: Facts, now: Facts): number {
  return Number(is(now)) - Number(is(before));
}

const isDown = (facts: Facts): boolean => (facts & UP) === 0;
const isStuck = (facts: Facts): boolean => (facts & (UP | UNDERWAY)) === 0;
const isFailed = (facts: Facts): boolean => (facts & FAILED) !== 0;
const isLive = (facts: Facts): boolean => (facts & LIVE) !== 0;
const isUpright = (facts: Facts): boolean => (facts & UPRIGHT) !== 0;
const isUnderway = (facts: Facts): boolean => (facts & UNDERWAY) !== 0;
const isFalling = (facts: Facts): boolean => (facts & FALLING) !== 0;
