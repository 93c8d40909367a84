import type { Configuration } from '../../config/configuration.ts';
import type { UnitDefinition } from '../../config/definition.ts';
import { differenceOf, type Difference, type UnitChange } from '../../config/difference.ts';
import { unitChanges } from '../../config/unit-changes.ts';
import { USUAL_POOL } from '../../portalloc/port-table.ts';
import { buildGraph, type Graph } from '../../supervisor/graph/graph.ts';
import { takenDown } from '../../supervisor/plan/closures.ts';
import { isUpright } from '../../supervisor/plan/facts.ts';
import { newUnit, type Unit } from '../../supervisor/transition.ts';
import { unitSpec } from '../../supervisor/unit.ts';
import type { ConfiguredUnits } from '../configured/configured-units.ts';
import type { HeldPorts } from '../ports/held-ports.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';
import { describeMeasure, measureOfChange, type Measure, type Prospect } from './measures.ts';

/** What is looked at. */
export interface OutlookTools {
  readonly supervisor: Supervisor;
  readonly configured: ConfiguredUnits;
  readonly ports: HeldPorts;
}

/** What another configuration would do to the units as they are now. */
export interface Outlook {
  readonly difference: Difference;
  /** In the order of the difference. */
  readonly prospects: readonly Prospect[];
}

/** Looks ahead; changes nothing. */
export function outlookOn(tools: OutlookTools, after: Configuration): Outlook {
  const { supervisor, configured } = tools;
  const difference = differenceOf(asInUse(tools), after);
  const definitions = new Map(after.units.map((unit) => [unit.label, unit]));
  const unitOf = (label: string): Unit =>
    recordOf(supervisor, label)?.unit ?? newUnit(unitSpec({ label, origin: 'config' }));
  const graph = buildGraph(after.units);
  const isMoved = (label: string): boolean => tools.ports.isOutside(label, after.portPool ?? USUAL_POOL);
  const found = difference.units.map((told) => {
    const definition = definitions.get(told.label);
    const change = definition === undefined ? told : asItIs(tools, told, definition, isMoved(told.label));
    return { change, measure: measureFor(tools, change, definition), definition };
  });
  const labels = found.filter(({ measure }) => measure === 'restart').map(({ change }) => change.label);
  const down = new Set(takenDown(graph, labels, unitOf));
  const wanted = addedForOthers(found, graph, unitOf);
  const prospects = found.map(({ change, measure: alone, definition }): Prospect => {
    const { label } = change;
    const measure =
      alone === 'replace' && down.has(label)
        ? 'restart'
        : alone === 'add' && wanted.has(label)
          ? 'begin'
          : alone;
    const isWatched = definition?.start === 'on-connect' && configured.isEnabled(definition);
    const text = describeMeasure(measure, change, isWatched);
    const isTaken = down.has(label) && (measure === 'none' || measure === 'take-over');
    return { change, measure, text: isTaken ? [...(text === '' ? [] : [text]), TAKEN].join('; ') : text };
  });
  return { difference: { ...difference, units: prospects.map(({ change }) => change) }, prospects };
}

const TAKEN = 'restarted with what it needs';

/** The configuration in force, with what processes have read by themselves. */
function asInUse({ configured, supervisor }: OutlookTools): Configuration {
  const { configuration } = configured;
  const units = configuration.units.map((unit) => {
    const own = unit.surroundings.envFiles.length === 0 ? undefined : recordOf(supervisor, unit.label);
    return own?.configured?.definition === unit ? own.configured.inUse : unit;
  });
  return { ...configuration, units };
}

/** By what the definition differs from that which the unit's process was made by, where this is not that in force; and where its port does not fit. */
function asItIs(
  { supervisor }: OutlookTools,
  told: UnitChange,
  after: UnitDefinition,
  isMoved: boolean,
): UnitChange {
  const record = recordOf(supervisor, told.label);
  const own = record?.configured;
  if (own === undefined || told.kind === 'added') return told;
  const isUp = isUpright(record?.unit ?? newUnit(unitSpec({ label: told.label, origin: 'config' })));
  const keys =
    own.next === undefined || !isUp
      ? told.kind === 'changed'
        ? told.keys
        : { restart: [], takenOver: [] }
      : unitChanges(own.definition, after);
  const restart = isMoved && !keys.restart.includes('ports') ? [...keys.restart, 'ports'] : keys.restart;
  if (restart.length === 0 && keys.takenOver.length === 0) return told;
  return { kind: 'changed', label: told.label, keys: { ...keys, restart } };
}

function measureFor(
  { supervisor, configured }: OutlookTools,
  change: UnitChange,
  after: UnitDefinition | undefined,
): Measure {
  if (change.kind === 'unchanged') return 'none';
  if (after === undefined) return 'stop';
  if (change.kind !== 'changed')
    return after.start === 'at-once' && configured.isEnabled(after) ? 'begin' : 'add';
  const record = recordOf(supervisor, change.label);
  if (record?.configured === undefined) return 'later';
  const measure = measureOfChange(change.keys, record.unit, record.configured.definition, after);
  /* What is on its way to its place was made by an earlier definition too. */
  return measure === 'replace' &&
    record.beside !== undefined &&
    record.beside.unit.generation > record.unit.generation
    ? 'restart'
    : measure;
}

/** What is new, and needed or wanted by something that is up or to be, is started for its sake, as an order to start that would. */
function addedForOthers(
  found: readonly { readonly change: UnitChange; readonly measure: Measure }[],
  graph: Graph,
  unitOf: (label: string) => Unit,
): ReadonlySet<string> {
  const added = new Set(found.filter(({ measure }) => measure === 'add').map(({ change }) => change.label));
  const wanted = new Set<string>();
  if (added.size === 0) return wanted;
  const open = [...graph.values()].filter(({ label }) => !added.has(label) && unitOf(label).desired === 'up');
  for (let node = open.pop(); node !== undefined; node = open.pop())
    for (const other of [...node.needs, ...node.wants]) {
      if (!added.has(other.label) || wanted.has(other.label)) continue;
      wanted.add(other.label);
      open.push(other);
    }
  return wanted;
}

/** The unit of the configuration that has this label. */
export function recordOf({ records }: Supervisor, label: string): UnitRecord | undefined {
  const record = records.get(label);
  return record?.configured === undefined ? undefined : record;
}
