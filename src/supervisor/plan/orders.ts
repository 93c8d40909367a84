import type { Cause } from '../cause.ts';
import type { Graph } from '../graph/graph.ts';
import { liveGeneration } from '../state.ts';
import type { Unit } from '../step.ts';
import { conflicting, pulledUp } from './closures.ts';
import { isUpright } from './facts.ts';
import type { Told } from './plan.ts';

/** The units that there are, and how they hang together. */
export interface Field {
  readonly graph: Graph;
  readonly unitOf: (label: string) => Unit;
}

/** An order to people's units, as what is told to each unit that it concerns; to be told together. */
export interface OrderPlan {
  readonly told: readonly Told[];
  /** What is stopped for the sake of what is started. */
  readonly conflicts: readonly string[];
  /** What is started for the sake of what was named. */
  readonly pulled: readonly string[];
}

/** They start, with all that they need and want; what cannot be beside them stops. */
export function startOrder(field: Field, labels: readonly string[], cause: Cause): OrderPlan {
  const { graph } = field;
  const unitOf = (label: string): Unit => field.unitOf(label);
  const started = pulledUp(graph, labels, unitOf);
  const conflicts = conflicting(graph, started, unitOf);
  const given = new Set(labels);
  const risen = new Set(started);
  return {
    told: [
      ...conflicts.map((label) => {
        const rival = graph.get(label)?.conflicts.find((other) => risen.has(other.label))?.label;
        const named = rival === undefined ? {} : { rival };
        return { label, event: { kind: 'order-stop', reason: 'conflict', cause, ...named } } as const;
      }),
      ...started.map((label) => ({ label, event: { kind: 'order-start', cause } }) as const),
    ],
    conflicts,
    pulled: started.filter((label) => !given.has(label)),
  };
}

/** They stop; what needs them goes down before them. */
export function stopOrder(labels: readonly string[], cause: Cause): readonly Told[] {
  return labels.map((label) => ({ label, event: { kind: 'order-stop', reason: 'requested', cause } }));
}

/** They go down, whatever needs them first, and all of it comes up again; what is down is started. */
export function restartOrder(field: Field, labels: readonly string[], cause: Cause): OrderPlan {
  const isLive = (label: string): boolean => {
    const unit = field.unitOf(label);
    return isUpright(unit) || unit.state.kind === 'undoing' || liveGeneration(unit.state) !== undefined;
  };
  const live = labels.filter(isLive);
  const started = startOrder(
    field,
    labels.filter((label) => !isLive(label)),
    cause,
  );
  const restarts = live.map(
    (label) => ({ label, event: { kind: 'order-stop', reason: 'restart', cause } }) as const,
  );
  return { ...started, told: [...restarts, ...started.told] };
}
