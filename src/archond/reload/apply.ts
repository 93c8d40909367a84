import type { Configuration } from '../../config/configuration.ts';
import type { UnitDefinition } from '../../config/definition.ts';
import type { Cause } from '../../supervisor/cause.ts';
import type { Graph } from '../../supervisor/graph/graph.ts';
import { factsOf, isUpright, UP } from '../../supervisor/plan/facts.ts';
import { startOrder } from '../../supervisor/plan/orders.ts';
import type { Told } from '../../supervisor/plan/plan.ts';
import { liveGeneration } from '../../supervisor/state.ts';
import { redefine } from '../configured/redefine.ts';
import type { InForceState, Outdated, Trial, YoungNeed } from '../in-force-state.ts';
import { recordOf, type Outlook } from './outlook.ts';
import type { Prospect } from './measures.ts';
import type { ReloadTools } from './reload.ts';
import type { UnitRecord } from '../unit-record.ts';

/** What is to be remembered of a reload before anything of it is done. */
export function stateAfter(
  { supervisor, configured }: ReloadTools,
  configuration: Configuration,
  { prospects }: Outlook,
  toldAs: number,
  trial: Trial | undefined,
): InForceState {
  const labels = new Set(configuration.units.map(({ label }) => label));
  const outdated = prospects.flatMap(({ change: { label }, measure }): Outdated[] => {
    const isAnew = measure === 'restart' || measure === 'replace' || measure === 'start';
    const record = isAnew ? recordOf(supervisor, label) : undefined;
    return record === undefined ? [] : [{ label, generation: record.unit.generation }];
  });
  const removed = prospects.flatMap(({ change: { kind, label } }) =>
    kind === 'removed' ? (recordOf(supervisor, label)?.configured?.definition ?? []) : [],
  );
  const leaving = [...configured.leaving.filter(({ label }) => !labels.has(label)), ...removed];
  const young = youngNeeds(supervisor, configured, configuration, prospects);
  return { configuration, toldAs, outdated, leaving, young, ...(trial === undefined ? {} : { trial }) };
}

/** What units that stay up need from now on, and is not up yet. */
function youngNeeds(
  supervisor: ReloadTools['supervisor'],
  configured: ReloadTools['configured'],
  { units }: Configuration,
  prospects: readonly Prospect[],
): readonly YoungNeed[] {
  const staying = new Set(
    prospects.flatMap(({ change, measure }) =>
      measure === 'none' || measure === 'take-over' ? [change.label] : [],
    ),
  );
  const isUp = (label: string): boolean => {
    const record = recordOf(supervisor, label);
    return record !== undefined && (factsOf(record.unit, false) & UP) !== 0;
  };
  return units.flatMap(({ label, dependencies }): YoungNeed[] => {
    const unit = staying.has(label) ? recordOf(supervisor, label)?.unit : undefined;
    if (unit === undefined || !isUpright(unit)) return [];
    const { generation } = unit;
    const before = new Set(configured.definitionOf(label)?.dependencies.needs);
    const isYoung = (need: string): boolean =>
      !before.has(need) ||
      configured.young.some(
        (one) => one.label === label && one.need === need && one.generation === generation,
      );
    const needs = dependencies.needs.filter((need) => isYoung(need) && !isUp(need));
    return needs.map((need) => ({ label, need, generation }));
  });
}

/** Brings the units to a configuration that has been written down: within a step. */
export function bringTo(
  tools: ReloadTools,
  state: InForceState,
  { prospects }: Outlook,
  causes: ReadonlyMap<string, Cause>,
  cause: Cause,
): { readonly graph: Graph; readonly told: readonly Told[] } {
  const { supervisor, configured, ports, binding, onConnect } = tools;
  const { units } = state.configuration;
  const definitions = new Map(units.map((unit) => [unit.label, unit]));
  onConnect.pause();
  configured.replace(state);
  for (const prospect of prospects) {
    const definition = definitions.get(prospect.change.label);
    if (definition === undefined) leave(tools, prospect.change.label);
    else define(tools, prospect, definition);
  }
  ports.replace(
    state.configuration,
    (label) => {
      const record = recordOf(supervisor, label);
      return record !== undefined && liveGeneration(record.unit.state) !== undefined;
    },
    cause,
  );
  binding.replace(units);
  const causeOf = (label: string): Cause => causes.get(label) ?? cause;
  const of = (...measures: readonly Prospect['measure'][]): readonly string[] =>
    prospects.flatMap(({ change: { label }, measure }) =>
      measures.includes(measure) && recordOf(supervisor, label) !== undefined ? [label] : [],
    );
  const stop = (label: string, reason: 'requested' | 'restart'): Told => ({
    label,
    event: { kind: 'order-stop', reason, cause: causeOf(label) },
  });
  const started = new Set(of('start', 'begin'));
  const starts = startOrder(configured.field, [...started], cause)
    /* What excludes it and is up stays so, as at a start of the supervisor; and so does what a person stopped. */
    .told.filter(
      ({ label, event }) =>
        event.kind === 'order-start' && (started.has(label) || !isStoppedByHand(recordOf(supervisor, label))),
    )
    .map(({ label }): Told => ({ label, event: { kind: 'order-start', cause: causeOf(label) } }));
  return {
    graph: configured.graph,
    told: [
      ...of('stop').map((label) => stop(label, 'requested')),
      ...of('restart').map((label) => stop(label, 'restart')),
      ...starts,
    ],
  };
}

function isStoppedByHand(record: UnitRecord | undefined): boolean {
  return record?.unit.state.kind === 'stopped' && record.stoppedFor === 'requested';
}

/** It is in the configuration no more; what was stopped before is forgotten at once, all else when nothing of it is left. */
function leave({ supervisor, departures }: ReloadTools, label: string): void {
  const record = recordOf(supervisor, label);
  if (record !== undefined) departures.watch(record);
}

/** Gives a unit its new definition: at once, or with its next process. */
function define(tools: ReloadTools, { change, measure }: Prospect, definition: UnitDefinition): void {
  const { supervisor, configured, streams, chronicle } = tools;
  const record = recordOf(supervisor, definition.label);
  const own = record?.configured;
  if (record === undefined || own === undefined) {
    if (supervisor.records.has(definition.label)) return;
    const added = configured.add(definition);
    if (change.kind === 'added' && measure !== 'begin') chronicle.wanted(added);
    return;
  }
  own.isLeaving = false;
  const { beside, unit } = record;
  const hasOld = isUpright(unit) || liveGeneration(unit.state) !== undefined || unit.state.kind === 'undoing';
  const isKept = measure === 'none' || measure === 'take-over';
  const isOnItsWayOut = own.next !== undefined && !isUpright(unit);
  if (hasOld && (!isKept || isOnItsWayOut)) {
    own.becomes(definition);
    return;
  }
  if (measure === 'none') own.redefine(definition);
  else redefine(record, definition, streams);
  /* What is to take its place is made as it is. */
  if (beside !== undefined && beside.unit.generation > unit.generation) redefine(beside, definition, streams);
}
