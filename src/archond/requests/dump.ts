import { hideSettings } from '../../config/dump-text.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Dependencies } from '../../supervisor/graph/dependencies.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { portLines } from './ports.ts';
import { ruleLines } from './rules.ts';

/** `Dump`: a `Line` record for each line of what was asked for. */
export function dump(house: House, request: RequestOf<'Dump'>, call: Call): void {
  const { what } = request.args;
  const lines = LINES[what](house, call);
  for (const line of lines) call.data('Line', what === 'rules' ? line : fieldOfText(line));
  call.ok();
}

function configLines(house: House, call: Call): readonly string[] {
  const { yaml } = house.inForce.configuration;
  const shown = call.client.role === 'read' ? hideSettings(yaml) : yaml;
  return shown.trimEnd().split('\n');
}

/** Who knows the lines of what. */
const LINES = {
  config: configLines,
  graph: graphLines,
  ports: portLines,
  rules: ruleLines,
  state: stateLines,
} as const satisfies Readonly<Record<string, (house: House, call: Call) => readonly string[]>>;

/** What each key of dependencies is called in the configuration, and so here. */
const WORDS: readonly (readonly [keyof Dependencies, string])[] = [
  ['needs', 'needs'],
  ['wants', 'wants'],
  ['after', 'after'],
  ['before', 'before'],
  ['stopAfter', 'stop-after'],
  ['stopBefore', 'stop-before'],
  ['conflicts', 'conflicts'],
];

/**
 * For each unit `LABEL TYPE STATE`, then what it says of others, one a line: `LABEL needs LABEL`. No label has a blank, and
 * the second word tells which line it is.
 */
function graphLines({ configured, supervisor }: House): readonly string[] {
  return configured.definitions.flatMap(({ label, type, dependencies }) => [
    `${label} ${type} ${supervisor.records.get(label)?.shownState ?? 'stopped'}`,
    ...WORDS.flatMap(([key, word]) => dependencies[key].map((other) => `${label} ${word} ${other}`)),
  ]);
}

/**
 * JSON texts: who answers, and whether all is with it as it should be; then what the core goes by, one for each unit, for
 * whoever looks for a defect.
 */
function stateLines(house: House): readonly string[] {
  const { supervisor } = house;
  const labels = [...supervisor.records.keys()].sort();
  const units = labels.map((label) => {
    const { desired, state, gate, generation, history, lastEnd, cause } = supervisor.unitOf(label);
    return { label, desired, state, gate, generation, history, lastEnd, cause };
  });
  return [{ supervisor: ownState(house) }, ...units].map((one) => JSON.stringify(one));
}

/** What the supervisor says of itself. `journal`: `well`; or `degraded`, the errno, and where records go meanwhile. */
function ownState({ version, ownPids, settings, chronicle, supervisor }: House): object {
  const [pid, keeperPid] = ownPids;
  const { health } = chronicle.journal;
  return {
    version,
    pid,
    'keeper-pid': keeperPid,
    mode: settings.isSafe ? 'safe' : 'normal',
    journal: [health.kind, ...(health.kind === 'well' ? [] : [health.error.code, health.place])],
    units: supervisor.records.size,
  };
}
