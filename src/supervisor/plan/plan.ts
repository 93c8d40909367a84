import type { Cause } from '../cause.ts';
import type { UnitEvent } from '../event.ts';
import { isSameGate, type StartGate } from '../gate.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Unit } from '../step.ts';
import { factsOf, UP, UPRIGHT } from './facts.ts';
import { RankQueue } from './rank-queue.ts';
import { COUNT, isMoving, newSeat, startGate, type Seat } from './seat.ts';

/** What has happened to a unit, or is asked of it. */
export interface Told {
  readonly label: string;
  readonly event: UnitEvent;
}

/** Where the units are. */
export interface Units {
  /** A unit of the graph, as it is now. */
  unit(label: string): Unit;
  /** Puts the event to the unit (`transition`) and keeps what comes of it; its effects are carried out later. */
  step(label: string, event: UnitEvent): void;
}

/**
 * What one unit's change is to the others: `plan(graph, states, desired)`, worked out change by change.
 *
 * Everything follows from the units' own states, so there is nothing to remember here that a successor could not
 * count anew; what is counted is what makes an event cost no more than the neighbours that it concerns. Each call
 * goes on until all is quiet (phase one): units are told by `gate` and `need-lost` what has become of their neighbours,
 * and what they do about it is told to theirs. Phase two, carrying out the effects, is the caller's.
 *
 * What falls goes before what rises, and those that have to stop first go first: so that the order of a stop is
 * decided by all who will be part of it. A unit whose need goes is to fall even if that need is up again before it
 * has come to it.
 */
export class Plan {
  readonly #units: Units;
  readonly #seats = new Map<Node, Seat>();
  readonly #graph: Graph;
  readonly #falls = new RankQueue<Seat>(({ node }) => node.stopRank);
  readonly #rises = new RankQueue<Seat>(({ node }) => node.startRank);

  /** Of units that may be in any state: what follows from these is done at once. */
  constructor(graph: Graph, units: Units) {
    this.#graph = graph;
    this.#units = units;
    for (const node of graph.values()) this.#seats.set(node, newSeat(node));
    const seats = [...this.#seats.values()];
    for (const seat of seats) this.#count(seat, units.unit(seat.node.label));
    for (const seat of seats) {
      const { cause } = units.unit(seat.node.label);
      this.#queue(seat, cause);
      if ((seat.facts & UP) === 0) this.#bringDownDependents(seat.node, cause);
    }
    this.#settle();
  }

  /**
   * What happens, and all that follows from it. Orders that are given together are carried out in the order of the
   * graph: of stops, the last to start first.
   */
  tell(all: readonly Told[]): void {
    for (const { label, event } of all) {
      const node = this.#graph.get(label);
      if (node === undefined) {
        this.#units.step(label, event);
        continue;
      }
      const seat = this.#seat(node);
      if (event.kind === 'order-stop') this.#bringDown(seat, event, event.cause);
      else if (event.kind === 'order-start') this.#bringUp(seat, event);
      else this.#step(seat, event);
    }
    this.#settle();
  }

  #seat(node: Node): Seat {
    const seat = this.#seats.get(node);
    if (seat === undefined) throw new Error(`${node.label} is of another graph`);
    return seat;
  }

  #settle(): void {
    for (;;) {
      const falling = this.#falls.pop();
      if (falling !== undefined) {
        this.#fall(falling);
        continue;
      }
      const rising = this.#rises.pop();
      if (rising === undefined) return;
      this.#rise(rising);
    }
  }

  #fall(seat: Seat): void {
    const { fall } = seat;
    seat.fall = undefined;
    if (fall === undefined) return;
    const isLost = fall.kind === 'need-lost';
    /* What is up must know whether something needs it; what is not must not come up now. */
    if ((seat.facts & UPRIGHT) !== 0) this.#refresh(seat, isLost);
    this.#step(seat, fall);
    /* Whether it may come up again is seen when all has fallen that is to fall. */
    if (isLost) this.#queue(seat, fall.cause);
  }

  #rise(seat: Seat): void {
    const { rise } = seat;
    seat.isQueued = false;
    seat.rise = undefined;
    this.#refresh(seat);
    if (rise !== undefined) this.#step(seat, rise);
  }

  /** It goes down in this wave. */
  #bringDown(seat: Seat, fall: UnitEvent, cause: Cause): void {
    const isNew = seat.fall === undefined;
    seat.fall = fall;
    if (isNew) this.#falls.push(seat);
    if ((seat.facts & UPRIGHT) !== 0) this.#bringDownDependents(seat.node, cause);
  }

  /** With what is not up falls all that is up and needs it, and what needs that. */
  #bringDownDependents(first: Node, cause: Cause): void {
    const open = [first];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const other of node.neededBy) {
        const dependent = this.#seat(other);
        if ((dependent.facts & UPRIGHT) === 0 || dependent.fall !== undefined) continue;
        dependent.fall = { kind: 'need-lost', need: node.label, cause };
        this.#falls.push(dependent);
        open.push(other);
      }
    }
  }

  #bringUp(seat: Seat, rise: UnitEvent): void {
    seat.rise = rise;
    this.#queue(seat, seat.cause);
  }

  #queue(seat: Seat, cause: Cause): void {
    seat.cause = cause;
    if (seat.isQueued) return;
    seat.isQueued = true;
    this.#rises.push(seat);
  }

  #step(seat: Seat, event: UnitEvent): void {
    this.#units.step(seat.node.label, event);
    this.#tellNeighbours(seat);
  }

  /**
   * Tells the unit its gate, if that is another one.
   *
   * @param isLost what it needs is about to go: a oneshot of which nothing has to be undone would be run again before it has
   */
  #refresh(seat: Seat, isLost = false): void {
    const { label } = seat.node;
    const found = startGate(seat, (node) => this.#seat(node));
    const start: StartGate = isLost && found.kind === 'open' ? { kind: 'held' } : found;
    const gate = { start, isNeeded: seat.dependentsLive > 0 || seat.stopsFalling > 0 };
    if (!isSameGate(gate, this.#units.unit(label).gate))
      this.#units.step(label, { kind: 'gate', gate, cause: seat.cause });
    this.#tellNeighbours(seat);
  }

  /** What has become of it, for all that it concerns. */
  #tellNeighbours(seat: Seat): void {
    const unit = this.#units.unit(seat.node.label);
    if (!this.#count(seat, unit)) return;
    const { node, facts } = seat;
    for (const neighbours of [node.neededBy, node.needs, node.startsBefore, node.stopsBefore, node.conflicts])
      for (const neighbour of neighbours) this.#queue(this.#seat(neighbour), unit.cause);
    /* That it may be up again before they have come to it changes nothing. */
    if ((facts & UP) === 0) this.#bringDownDependents(node, unit.cause);
    /* A oneshot may come to its end just when what it needs is gone. */
    if ((facts & UPRIGHT) !== 0 && seat.needsDown > 0) this.#bringDownOrphan(seat, unit.cause);
  }

  #bringDownOrphan(seat: Seat, cause: Cause): void {
    const lost = seat.node.needs.find((need) => (this.#seat(need).facts & UP) === 0);
    if (lost === undefined) throw new Error(`${seat.node.label} has lost nothing`);
    this.#bringDown(seat, { kind: 'need-lost', need: lost.label, cause }, cause);
  }

  /** Whether anything has changed of what its neighbours know of it. */
  #count(seat: Seat, unit: Unit): boolean {
    const { node, facts: before, failedNeeds } = seat;
    const now = factsOf(unit, isMoving(seat));
    seat.facts = now;
    seat.failedNeeds = unit.state.kind === 'blocked' ? unit.state.needs : undefined;
    if (now === before) return seat.failedNeeds !== failedNeeds;
    for (const other of node.neededBy) COUNT.inDependent(this.#seat(other), before, now);
    for (const other of node.needs) COUNT.inNeed(this.#seat(other), before, now);
    for (const other of node.startsBefore) COUNT.inLater(this.#seat(other), before, now);
    for (const other of node.stopsBefore) COUNT.inLast(this.#seat(other), before, now);
    for (const other of node.conflicts) COUNT.inConflict(this.#seat(other), before, now);
    return true;
  }
}
