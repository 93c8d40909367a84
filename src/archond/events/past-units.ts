import type { EventRecord } from '../../base/event-record.ts';
import type { PicturedUnit } from './snapshots.ts';
import { UNIT_STATES, type UnitState } from '../../base/vocabulary.ts';

/** A unit as it was at an instant; what is not known is undefined. */
export interface PastUnit {
  readonly state: UnitState;
  /** Main process, where there was one. */
  readonly pid: number | undefined;
  /** When that state began; nanoseconds since 1970. */
  readonly sinceNs: bigint | undefined;
  readonly restarts: number | undefined;
  /** As `lastExit` writes it; empty where nothing had ended. */
  readonly lastExit: string;
}

/** What is known of a unit while events are read. */
interface Story {
  state: UnitState | undefined;
  pid: number | undefined;
  sinceNs: bigint | undefined;
  restarts: number | undefined;
  lastExit: string;
  /** The request that began it, where an event says so. */
  begunBy: string | undefined;
  /** Its program has run. */
  hasRun: boolean;
}

const DOWN: ReadonlySet<string> = new Set<UnitState>(['stopped', 'failed', 'finished']);
const WITHOUT_PROCESS: ReadonlySet<string> = new Set<UnitState>([
  'stopped',
  'failed',
  'finished',
  'waiting',
  'backoff',
]);
/** A later event of these kinds, with a pid and none before it, is of a process that was there before. */
const OF_LIVING: ReadonlySet<string> = new Set(['stopping', 'exited', 'adopted', 'running', 'limit']);
/** What `supervisor` events say when nothing is left of what was before. */
const isBlank = (what: string | undefined, epoch: string | undefined): boolean =>
  what === 'shut-down' || (what === 'started' && epoch === '1');

/**
 * The units at an instant, told by the events of the journal in their order: those before it say how each was,
 * and where something before is missing, those after it what must have been there.
 */
export class PastUnits {
  readonly #atNs: bigint;
  readonly #stories = new Map<string, Story>();
  /** Of these an event before the instant tells, behind whatever is missing. */
  readonly #told = new Set<string>();
  /** Of these a later event has told. */
  readonly #toldLater = new Set<string>();
  #isLater = false;
  #isWhole: boolean;
  #blankNs: bigint | undefined;

  /** @param isWhole whether the first event that will come is the first that there ever was */
  constructor(atNs: bigint, isWhole: boolean) {
    this.#atNs = atNs;
    this.#isWhole = isWhole;
  }

  /** When the supervisor began anew, with nothing, before the instant; undefined where that is not known. */
  get blankNs(): bigint | undefined {
    return this.#blankNs;
  }

  /** All units as they were at an instant before the first event that will come: nothing before that is missing then. */
  restore(units: ReadonlyMap<string, PicturedUnit>): void {
    this.#forgetAll(true);
    for (const [label, unit] of units) {
      this.#told.add(label);
      this.#stories.set(label, { ...unit });
    }
  }

  /** Events are missing here: of what was before nothing is certain. */
  gap(): void {
    if (!this.#isLater) this.#forgetAll(false);
  }

  take(event: EventRecord): void {
    if (event.timeNs > this.#atNs) this.#isLater = true;
    if (event.label === '') this.#takeOwn(event);
    else if (this.#isLater) this.#takeLater(event);
    else this.#takeEarlier(event);
  }

  /** Whether the label is known to have been there or not. */
  knows(label: string): boolean {
    return this.#told.has(label) || this.#stories.has(label);
  }

  /** The units that there were, in no order. */
  units(): ReadonlyMap<string, PastUnit> {
    const units = new Map<string, PastUnit>();
    for (const [label, { state, pid, sinceNs, restarts, lastExit }] of this.#stories)
      if (state !== undefined) units.set(label, { state, pid, sinceNs, restarts, lastExit });
    return units;
  }

  #takeOwn({ timeNs, details }: EventRecord): void {
    const values = new Map(details);
    if (!isBlank(values.get('what'), values.get('epoch'))) return;
    /* What a later beginning finds was not there before. */
    if (this.#isLater) this.#isWhole = true;
    else {
      this.#forgetAll(true);
      this.#blankNs = timeNs;
    }
  }

  #forgetAll(isWhole: boolean): void {
    this.#stories.clear();
    this.#told.clear();
    this.#isWhole = isWhole;
  }

  #takeLater({ label, kind, details }: EventRecord): void {
    if (this.#isWhole || this.#told.has(label) || this.#toldLater.has(label)) return;
    this.#toldLater.add(label);
    const values = new Map(details);
    /* That it has two generations says that it runs, and not which of them is its own. */
    const pid = isBeside(values) ? undefined : pidIn(values);
    if (!isBeside(values) && (pid === undefined || !OF_LIVING.has(kind))) return;
    const state = kind === 'running' && pid !== undefined ? 'starting' : 'running';
    this.#stories.set(label, { ...newStory(), state, pid, restarts: undefined });
  }

  #takeEarlier({ label, kind, details, timeNs }: EventRecord): void {
    const values = new Map(details);
    this.#told.add(label);
    if (kind === 'note' && values.get('what') === 'forgotten') {
      this.#stories.delete(label);
      return;
    }
    const story =
      this.#stories.get(label) ?? (this.#isWhole ? newStory() : { ...newStory(), restarts: undefined });
    this.#stories.set(label, story);
    /* Its archond had died before it could tell of its start. */
    const isNew = story.state === undefined ? this.#isWhole : WITHOUT_PROCESS.has(story.state);
    if (kind === 'adopted' && isNew && !isBeside(values)) become(story, 'starting', timeNs);
    tell(story, kind, values, timeNs);
    if (isNoMore(story)) this.#stories.delete(label);
  }
}

function newStory(): Story {
  return {
    state: undefined,
    pid: undefined,
    sinceNs: undefined,
    restarts: 0,
    lastExit: '',
    begunBy: undefined,
    hasRun: false,
  };
}

function tell(story: Story, kind: string, values: ReadonlyMap<string, string>, timeNs: bigint): void {
  const pid = pidIn(values);
  if (isBeside(values)) {
    if (kind === 'running') replace(story, pid, timeNs);
    return;
  }
  const restarts = values.get('restarts');
  if (restarts !== undefined) story.restarts = Number(restarts);
  if (kind === 'starting') begin(story, values);
  if (kind === 'running' || kind === 'adopted') story.hasRun = true;
  if (kind === 'exited') {
    story.lastExit = exitIn(values);
    story.pid = undefined;
    become(story, 'stopping', timeNs);
  } else if (kind === 'adopted') {
    story.pid = pid;
    if (story.state === undefined) become(story, 'running', undefined);
  } else {
    const state = UNIT_STATES.find((known) => known === kind);
    if (state === undefined) return;
    if (pid !== undefined) story.pid = pid;
    if (WITHOUT_PROCESS.has(state)) story.pid = undefined;
    become(story, state, timeNs);
  }
}

function become(story: Story, state: UnitState, timeNs: bigint | undefined): void {
  if (story.state !== state) story.sinceNs = timeNs;
  story.state = state;
}

/** Whether it is told of a generation beside the unit's own: the unit is where it was. */
function isBeside(values: ReadonlyMap<string, string>): boolean {
  return values.has('replaces') || values.has('replaced-by');
}

/** What was beside it has become ready, and is its own from now on. */
function replace(story: Story, pid: number | undefined, timeNs: bigint): void {
  story.pid = pid;
  story.restarts = 0;
  become(story, 'running', timeNs);
}

/** A new process. Where nothing of it is a restart, what was before is another story. */
function begin(story: Story, values: ReadonlyMap<string, string>): void {
  if (values.has('restarts')) return;
  story.restarts = 0;
  const request = values.get('request');
  if (request !== 'Run' && request !== 'StartDaemon') return;
  story.lastExit = '';
  story.hasRun = false;
  story.begunBy = request;
}

/** The record of a Run ends with it, and that of a daemon whose program was never run with its failure. */
function isNoMore({ state, begunBy, hasRun }: Story): boolean {
  if (state === undefined || !DOWN.has(state)) return false;
  return begunBy === 'Run' || (begunBy === 'StartDaemon' && !hasRun);
}

function pidIn(values: ReadonlyMap<string, string>): number | undefined {
  const pid = values.get('pid');
  return pid === undefined ? undefined : Number(pid);
}

function exitIn(values: ReadonlyMap<string, string>): string {
  const code = values.get('code');
  const signal = values.get('signal');
  if (code !== undefined) return `code:${code}`;
  if (signal !== undefined) return `signal:${signal}`;
  return values.has('unknown') ? 'unknown' : '';
}
