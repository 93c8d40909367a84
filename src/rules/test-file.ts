import type { EventRecord } from '../base/event-record.ts';
import { err, ok, type Result } from '../base/result.ts';
import { listing, show } from '../base/show.ts';
import type { SeenProcess } from './event.ts';
import type { CommandEnd } from './host.ts';
import type { Fields, Value } from './lua/values.ts';
import type { FileText } from './messages.ts';
import { Rehearsal, type RehearsalOptions } from './rehearsal.ts';
import { duration } from './rule.ts';
import type { TestCase } from './rule-file.ts';

/** How a case of a rule file went. */
export interface CaseResult {
  readonly name: string;
  readonly line: number;
  /** What was wrong, a sentence each; none where all was as expected. */
  readonly faults: readonly string[];
  /** What the rules did. */
  readonly deeds: readonly string[];
}

/** When a case begins if it does not say so; Unix seconds. */
const BEGIN_S = 1_700_000_000;
const FIELDS = ['name', 'time', 'units', 'processes', 'exits', 'events', 'wait', 'expect', 'check'];

/** What `test{…}` says, read. */
interface Case {
  readonly name: string;
  readonly beginS: number;
  readonly units: readonly (readonly [label: string, state: string])[];
  readonly processes: readonly SeenProcess[];
  readonly exits: ReadonlyMap<string, number>;
  readonly events: readonly { readonly afterMs: number; readonly fields: Fields }[];
  readonly waitMs: number;
  readonly expect: readonly string[] | undefined;
}

/** Runs the cases of a file, each with rules of its own that know nothing of the others; or says why the file cannot be loaded. */
export function testFile(
  file: FileText,
  clocks: Pick<RehearsalOptions, 'wallMs' | 'cpuMs'>,
): Result<readonly CaseResult[], string> {
  const first = new Rehearsal(clocks, BEGIN_S);
  const { fault } = first.load(file);
  if (fault !== undefined) return err(`${file.name}:${fault.line ?? 0}: ${fault.message}`);
  const { tests = [] } = first.host.file(file.name) ?? {};
  return ok(tests.map((one, at) => runCase(file, clocks, one, at)));
}

function runCase(
  file: FileText,
  clocks: Pick<RehearsalOptions, 'wallMs' | 'cpuMs'>,
  { line, table, check }: TestCase,
  at: number,
): CaseResult {
  const read = readCase(table, line);
  if (!read.ok) return { name: `line ${line}`, line, faults: [read.error], deeds: [] };
  const { name, beginS, units, processes, exits, events, waitMs, expect } = read.value;
  const rehearsal = new Rehearsal(
    {
      ...clocks,
      process: (pid) => processes.find((one) => one.pid === pid),
      endOf: (command): CommandEnd => ({ code: exits.get(command) ?? 0 }),
    },
    beginS,
  );
  rehearsal.begin(units.map(([label, state]) => ({ label, state })));
  rehearsal.load(file);
  let nowMs = beginS * 1000;
  for (const [index, { afterMs, fields }] of events.entries()) {
    nowMs += afterMs;
    rehearsal.happen(recordOf(fields, index + 1, nowMs));
  }
  rehearsal.goOn((nowMs + waitMs) / 1000);

  const done = rehearsal.deeds.filter(({ action }) => action.kind !== 'log');
  const deeds = done.map((deed) => deed.line);
  const faults = rehearsal.troubles.map((trouble) => `${file.name}:${trouble.line ?? 0}: ${trouble.message}`);
  if (expect !== undefined) faults.push(...differences(expect, deeds));
  const ofThis = rehearsal.host.file(file.name);
  const ref = check === undefined ? undefined : ofThis?.tests[at]?.check;
  if (ref !== undefined) {
    const shown = done.map(({ atS, action, line: text }) => ({
      action: action.kind,
      line: text,
      at: atS - beginS,
    }));
    const fault = ofThis?.check(ref, shown);
    if (fault !== undefined) faults.push(`${file.name}:${fault.line ?? line}: ${fault.message}`);
  }
  return { name, line, faults, deeds };
}

/** What was to be done and was not, or the other way round, at the first place where the two differ. */
function differences(expected: readonly string[], found: readonly string[]): readonly string[] {
  const at = expected.findIndex((line, index) => line !== found[index]);
  const place = at >= 0 ? at : expected.length;
  if (at < 0 && found.length === expected.length) return [];
  const wanted = expected[place];
  const got = found[place];
  const what = wanted === undefined ? 'nothing more was to be done' : `${show(wanted)} was to be done`;
  return [`${what}, and ${got === undefined ? 'nothing was' : `${show(got)} was`} (action ${place + 1})`];
}

function recordOf(fields: Fields, sequence: number, nowMs: number): EventRecord {
  const { label = '', kind = '', ...rest } = fields;
  const details = Object.entries(rest).map(([name, value]) => [name, plain(value)] as const);
  return {
    sequence,
    timeNs: BigInt(Math.round(nowMs * 1000)) * 1000n,
    label: plain(label),
    kind: plain(kind),
    details,
  };
}

function readCase(table: Value, line: number): Result<Case, string> {
  const fields = namedFields(table);
  if (fields === undefined) return err('test takes a table: test { events = ..., expect = ... }');
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return err(`test has no field ${show(unknown)}: it has ${listing(FIELDS, 'and')}`);
  const wait = duration(fields['wait'], 'wait');
  if (!wait.ok) return wait;
  const events: { readonly afterMs: number; readonly fields: Fields }[] = [];
  for (const one of listOf(fields['events'])) {
    const { after, ...event } = namedFields(one) ?? {};
    const afterMs = duration(after, 'after');
    if (!afterMs.ok) return afterMs;
    if (typeof event['kind'] !== 'string') return err('each of the events is a table with a kind');
    events.push({ afterMs: afterMs.value ?? 0, fields: event });
  }
  const { name, time, expect } = fields;
  const expected = expect === undefined ? undefined : listOf(expect).map(plain);
  return ok({
    name: typeof name === 'string' ? name : `line ${line}`,
    beginS: typeof time === 'number' ? time : BEGIN_S,
    units: Object.entries(namedFields(fields['units']) ?? {}).map(([label, state]) => [label, plain(state)]),
    processes: listOf(fields['processes']).flatMap((one) => {
      const seen = namedFields(one);
      return seen === undefined ? [] : [{ ...UNKNOWN_PROCESS, ...(seen as Partial<SeenProcess>) }];
    }),
    exits: new Map(
      Object.entries(namedFields(fields['exits']) ?? {}).map(([command, code]) => [command, Number(code)]),
    ),
    events,
    waitMs: wait.value ?? 0,
    expect: expected,
  });
}

const UNKNOWN_PROCESS: SeenProcess = {
  pid: 0,
  ppid: 1,
  name: '',
  exe: '',
  command: '',
  memory: 0,
  started: 0,
};

function namedFields(value: Value): Fields | undefined {
  return typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A list, or one thing; an empty table is an empty list. */
function listOf(value: Value): readonly Value[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value as readonly Value[];
  return typeof value === 'object' && Object.keys(value).length === 0 ? [] : [value];
}

/** A value as an event would have it. */
function plain(value: Value): string {
  return typeof value === 'object' || value === undefined ? '' : String(value);
}
