/*
 * Whether what archond told is what its daemons wrote down. Knows the wire by its own few lines, and shares no code with
 * what it checks.
 */
import type { Life } from './book.ts';

interface Ended {
  readonly label: string;
  readonly details: readonly string[];
}

/** What came of a torture: all of `lost`, `doubled`, `orphaned` and `wrong` are to be empty. */
export interface Verdict {
  readonly events: number;
  readonly lives: number;
  /** Ends that were told, with the code or signal. */
  readonly ends: number;
  /** Ends whose code nobody alive could know, and that were told so. */
  readonly unknown: number;
  /** Processes that were killed before they could write anything down. */
  readonly unwritten: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly orphaned: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * @param lines all events as a subscriber was told them, from the first
 * @param orphans processes that nobody knows of
 * @param wrong what was found to be wrong otherwise
 * @param isAside labels of units that write nothing down
 */
export function judge(
  lives: readonly Life[],
  lines: readonly string[],
  orphans: readonly string[],
  wrong: readonly string[],
  isAside: (label: string) => boolean,
): Verdict {
  const found = { lost: [] as string[], doubled: [] as string[], wrong: [...wrong] };
  numbers(lines, found);
  const told = endsIn(lines, found, isAside);
  let unknown = 0;
  let ends = 0;
  for (const [key, of] of livesByProcess(lives)) {
    const endsTold = told.get(key) ?? [];
    told.delete(key);
    /* A pid comes again: those of one label and pid follow each other as their lives did. */
    if (endsTold.length < of.length)
      found.lost.push(`${key}: ${of.length} lives, ${endsTold.length} ends told`);
    if (endsTold.length > of.length)
      found.doubled.push(`${key}: ${of.length} lives, ${endsTold.length} ends told`);
    of.forEach((life, at) => {
      const end = endsTold[at];
      if (end === undefined) return;
      if (end.details.includes('unknown=1')) unknown += 1;
      else ends += 1;
      if (!agrees(life, end))
        found.wrong.push(`${key}: code ${life.code ?? 'none'}, told ${end.details.join(' ')}`);
    });
  }
  let unwritten = 0;
  for (const [key, rest] of told)
    for (const { details } of rest) {
      const isKilled = details.some((one) => /^(?:signal|stage|unknown)=/.test(one));
      if (isKilled) unwritten += 1;
      else found.wrong.push(`${key}: it never was, told ${details.join(' ')}`);
    }
  besides(lives, found.wrong);
  return { events: lines.length, lives: lives.length, ends, unknown, unwritten, orphaned: orphans, ...found };
}

/** The code that it wrote down, or a signal where it could not; SIGKILL may come between both. */
function agrees({ code }: Life, { details }: Ended): boolean {
  if (details.includes('unknown=1')) return true;
  if (code === undefined) return details.some((one) => one.startsWith('signal='));
  return details.includes(`code=${code}`) || details.includes('signal=SIGKILL');
}

function numbers(lines: readonly string[], found: { lost: string[]; doubled: string[] }): void {
  let next = 1;
  for (const line of lines) {
    const sequence = Number(/^Event,(\d+),/.exec(line)?.[1] ?? NaN);
    if (sequence > next) found.lost.push(`events ${next} to ${sequence - 1}`);
    if (sequence < next) found.doubled.push(`event ${sequence}`);
    next = sequence + 1;
  }
}

function endsIn(
  lines: readonly string[],
  found: { doubled: string[] },
  isAside: (label: string) => boolean,
): Map<string, Ended[]> {
  const ends = new Map<string, Ended[]>();
  const generations = new Set<string>();
  for (const line of lines) {
    const [, , , label = '', kind, ...details] = line.split(',');
    if (kind !== 'exited') continue;
    const generation = details.find((one) => one.startsWith('generation=')) ?? '';
    if (generations.has(generation)) found.doubled.push(`the end of ${generation} of ${label}`);
    generations.add(generation);
    if (isAside(label)) continue;
    const pid = details.find((one) => one.startsWith('pid='))?.slice('pid='.length) ?? '';
    const key = `${label} ${pid}`;
    ends.set(key, [...(ends.get(key) ?? []), { label, details }]);
  }
  return ends;
}

function livesByProcess(lives: readonly Life[]): Map<string, Life[]> {
  const processes = new Map<string, Life[]>();
  for (const life of lives) {
    const key = `${life.label} ${life.pid}`;
    processes.set(key, [...(processes.get(key) ?? []), life]);
  }
  return processes;
}

/** No two lives of one label side by side, as far as they wrote down when they were over. */
function besides(lives: readonly Life[], wrong: string[]): void {
  const before = new Map<string, Life>();
  for (const life of [...lives].sort((a, b) => (a.bornNs < b.bornNs ? -1 : 1))) {
    const other = before.get(life.label);
    if (other?.endedNs !== undefined && other.endedNs > life.bornNs)
      wrong.push(`${life.label}: process ${life.pid} began before ${other.pid} had ended`);
    before.set(life.label, life);
  }
}

/** The table that is printed. */
export function tableOf(verdict: Verdict, beside: Readonly<Record<string, number>>): string {
  const { lost, doubled, orphaned, wrong, events, lives, ends, unknown, unwritten } = verdict;
  const counts = {
    ...beside,
    'processes that wrote down their beginning': lives,
    'processes killed before they could': unwritten,
    events,
    'ends told with code or signal': ends,
    'ends told as unknown': unknown,
    lost: lost.length,
    doubled: doubled.length,
    orphaned: orphaned.length,
    wrong: wrong.length,
  };
  const width = Math.max(...Object.keys(counts).map(({ length }) => length));
  return Object.entries(counts)
    .map(([name, count]) => `${name.padEnd(width)}  ${String(count).padStart(8)}`)
    .join('\n');
}
