/*
 * Whether the logs have what was written. Each daemon writes to its standard output what it writes down in the book, before
 * that; and one unit does nothing but write numbered lines, however often everybody else dies. Shares no code with what it checks.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compileFixture } from '../support/fixture.ts';
import type { Life } from './book.ts';
import type { Gap } from './house.ts';
import { monotonicNs } from './unknown.ts';

const SCRIBE = 'scribe';
/** More lines than it comes to write. */
const MOST_LINES = 1_000_000_000;
/** Of the fixture `numbered`. */
const LINE_BYTES = 100;
/** The wall clock is read in milliseconds. */
const SLACK_NS = 50_000_000n;

/** The unit that writes all the time, for a configuration. `folder` is for its program. */
export function scribe(folder: string): Readonly<Record<string, unknown>> {
  const program = compileFixture('numbered', folder);
  const log = { max: '128K', keep: 100_000 };
  return { [SCRIBE]: { command: [program, String(MOST_LINES), '-', '1'], restart: 'never', log } };
}

/** Whether it is the one that writes all the time. */
export function isScribe(label: string): boolean {
  return label === SCRIBE;
}

/** What came of it. */
export interface Written {
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

/**
 * Looks into all logs. What a process had left in its pipe nobody can have where keeper and archond died before it was moved, and
 * the process had ended before there was another of both; then it is said to be lost, by the next archond and before it answers.
 *
 * @param logs the folder of logs
 * @param lines all events
 */
export function writtenIn(
  logs: string,
  lives: readonly Life[],
  lines: readonly string[],
  gaps: readonly Gap[],
): Written {
  const wrong: string[] = [];
  const told = lostOutput(lines);
  const scribed = scribedIn(path.join(logs, `${SCRIBE}.log`), wrong);
  let kept = 0;
  let gone = 0;
  for (const label of new Set(lives.map((life) => life.label))) {
    const ofLabel = lives.filter((life) => life.label === label);
    const found = textOf(path.join(logs, `${label}.log`)).split('\n');
    if (found.pop() !== '') wrong.push(`${label}: its log ends within a line`);
    const places = new Map(found.map((line, at) => [line, at]));
    if (places.size !== found.length) wrong.push(`${label}: lines stand in its log twice`);
    let last = -1;
    for (const life of ofLabel) {
      for (const line of linesOf(life)) {
        const at = places.get(line);
        places.delete(line);
        if (at === undefined) {
          gone += 1;
          const why = nobodySaid(life, told, gaps);
          if (why !== undefined)
            wrong.push(`${label} ${life.pid}: lost, ${why}: ${line}; ${eventsOf(life, lines)}`);
          continue;
        }
        kept += 1;
        if (at < last) wrong.push(`${label}: ${line} stands before what was written earlier`);
        last = at;
      }
    }
    /* One that was killed between its two ways of writing, or before the second. */
    for (const line of places.keys())
      if (!/^[BE] \d+ \S+ \d+(?: \d+)?$/.test(line))
        wrong.push(`${label}: nobody wrote ${JSON.stringify(line)}`);
  }
  const counts = {
    'lines of one that writes all the time': scribed,
    'lines of daemons in their logs': kept,
    'lines of these that nobody alive could have': gone,
  };
  return { counts, wrong };
}

/** Why a line may not be lost. */
function nobodySaid(
  { label, pid, endedNs = 0n }: Life,
  told: ReadonlyMap<string, bigint>,
  gaps: readonly Gap[],
): string | undefined {
  const toldNs = told.get(`${label} ${pid}`);
  if (toldNs === undefined) return 'and nobody says so';
  const isOfGap = ({ deaths, fromNs, toNs }: Gap): boolean =>
    deaths > 1 && endedNs <= toNs && fromNs - SLACK_NS <= toldNs && toldNs <= toNs + SLACK_NS;
  return gaps.some(isOfGap) ? undefined : 'though somebody had its pipe';
}

/** What was told of a life. */
function eventsOf({ label, pid }: Life, lines: readonly string[]): string {
  return lines.filter((line) => line.includes(`,${label},`) && line.includes(`pid=${pid},`)).join(' | ');
}

function linesOf({ label, pid, bornNs, endedNs, code }: Life): readonly string[] {
  const begun = `B ${pid} ${label} ${bornNs}`;
  return endedNs === undefined ? [begun] : [begun, `E ${pid} ${label} ${endedNs} ${code ?? ''}`];
}

/** Processes whose output is told as lost, and when. */
function lostOutput(lines: readonly string[]): ReadonlyMap<string, bigint> {
  const lost = new Map<string, bigint>();
  for (const line of lines) {
    const [, , time = '', label = '', kind, ...details] = line.split(',');
    if (kind !== 'lost' || !details.includes('what=output')) continue;
    const pid = details.find((one) => one.startsWith('pid='))?.slice('pid='.length) ?? '';
    lost.set(`${label} ${pid}`, monotonicNs(time));
  }
  return lost;
}

/** The numbers in all that was set aside and in the log are each there once and in order; how many there are. */
function scribedIn(log: string, wrong: string[]): number {
  const folder = `${log}~old`;
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const numbers = [...new Set(names.map((name) => name.slice(0, 8)))].sort();
  const text = [...numbers.map((number) => textOf(`${folder}/${number}`)), textOf(log)].join('');
  const count = Math.floor(text.length / LINE_BYTES);
  if (text.length % LINE_BYTES !== 0) wrong.push(`${SCRIBE}: its log ends within a line`);
  for (let line = 0; line < count; line += 1) {
    const found = text.slice(line * LINE_BYTES, (line + 1) * LINE_BYTES);
    if (Number(found.slice(0, 11)) === line && found.endsWith('\n')) continue;
    wrong.push(`${SCRIBE}: where line ${line} is to stand, there is ${JSON.stringify(found)}`);
    break;
  }
  if (count === 0) wrong.push(`${SCRIBE}: it has written nothing`);
  return count;
}

/** A file, which may have been compressed. */
function textOf(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'latin1');
  return existsSync(`${file}.gz`) ? gunzipSync(readFileSync(`${file}.gz`)).toString('latin1') : '';
}
