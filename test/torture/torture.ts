import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compileFixture } from '../support/fixture.ts';
import { isAlive, processesWith } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { House, killAll } from './house.ts';
import { readBook } from './book.ts';
import { askUntilAnswered, Client, type Answers } from './client.ts';
import { Follower } from './follower.ts';
import { heardIn, WITNESS } from './heard.ts';
import { Served } from './served.ts';
import { unknownFaults } from './unknown.ts';
import { judge, type Verdict } from './verdict.ts';
import { isScribe, scribe, writtenIn } from './written.ts';

/** How large a torture is. */
export interface Torture {
  readonly daemons: number;
  readonly clients: number;
  /** Each daemon lives for no longer than this. */
  readonly mostMs: number;
  /** How often archond is killed. */
  readonly deaths: number;
  /** How often the keeper is killed, and how often both are. */
  readonly keeperDeaths: number;
  readonly bothDeaths: number;
  readonly seed: number;
  readonly tree: 'cgroup' | 'minder' | undefined;
  /** As whom the supervisor runs (root only). */
  readonly uid: number | undefined;
}

/** What came of it. */
export interface Tortured {
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<string, number>>;
}

/** Lets daemons come and go, gives orders, kills archond and the keeper again and again, and then looks what was told. */
export async function torture(size: Torture): Promise<Tortured> {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-torture-'));
  try {
    chmodSync(folder, 0o755);
    return await tortureIn(folder, size);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function tortureIn(folder: string, size: Torture): Promise<Tortured> {
  const { tree, uid } = size;
  const rules = { 'witness.lua': WITNESS };
  const options = { rules, ...(tree === undefined ? {} : { tree }), ...(uid === undefined ? {} : { uid }) };
  const program = compileFixture('mortal', folder);
  const book = path.join(folder, 'book');
  writeFileSync(book, '');
  chmodSync(book, 0o666);
  await using served = await Served.prepare(folder, scribe(folder));
  const answers: Answers = { started: [], runs: new Map(), answered: 0, lost: 0, wrong: [] };

  await using house = new House(await TestSupervisor.start({ ...options, config: served.config }));
  const { socket } = house;
  using follower = new Follower(socket);
  const clients = Array.from({ length: size.clients }, (_, at) => {
    const labels = Array.from({ length: size.daemons }, (_, number) => `d${number}`);
    const own = labels.filter((_, number) => number % size.clients === at) as [string, ...string[]];
    const mortal = { program, book, mostMs: size.mostMs };
    return new Client(socket, `c${at}`, own, mortal, answers, size.seed + at);
  });
  await Promise.all(clients.map(async (client) => client.startAll()));

  const over = { is: false };
  const isOver = (): boolean => over.is;
  const tormented = Promise.all([
    ...clients.map(async (client) => client.torment(isOver)),
    served.torment(socket, size.seed, isOver),
  ]);
  try {
    await killAll(house, size);
  } finally {
    over.is = true;
    await tormented;
  }

  const visited = await served.end(house.gaps);
  const wrong = [...answers.wrong, ...visited.wrong];
  const trees = await treeKind(socket);
  await askUntilAnswered(socket, 'Stop,*');
  const units = await askUntilAnswered(socket, 'List');
  for (const line of units.filter((one) =>
    /^Unit,[^,]+,(?:running|starting|stopping|backoff|waiting),/.test(one),
  ))
    wrong.push(`after all was stopped: ${line}`);
  const orphans = processesWith('ARCHON_SOCKET', socket)
    .filter(isAlive)
    .map((pid) => `process ${pid}`);
  await untilRulesHeardLast(socket);
  const [last = ''] = await askUntilAnswered(socket, 'Events,@last=1');
  await follower.until(Number(last.split(',')[1]));
  wrong.push(...follower.refusals);

  const lives = readBook(book);
  wrong.push(...answerFaults(answers, lives, follower.lines));
  wrong.push(...unknownFaults(lives, follower.lines, house.gaps, trees));
  const logs = path.join(path.dirname(socket), 'state/log');
  const written = writtenIn(logs, lives, follower.lines, house.gaps);
  wrong.push(...written.wrong);
  const { faults, ends, heard, late } = heardIn(follower.lines);
  wrong.push(...faults);
  /* The servers write nothing down: who connects to them is their book, and that of the one who writes is its log. */
  const verdict = judge(
    lives,
    follower.lines,
    orphans,
    wrong,
    (label) => Served.isServer(label) || isScribe(label),
  );
  const { kills } = house;
  const counts = {
    daemons: size.daemons,
    'requests answered': answers.answered,
    'requests whose connection was lost': answers.lost,
    'Runs with their code': [...answers.runs.values()].filter((code) => code !== undefined).length,
    'deaths of archond': kills.archond,
    'deaths of the keeper': kills.keeper,
    'deaths of both': kills.both,
    'of these before the one before was overcome': house.early,
    'ends in all': ends,
    'ends that rules were offered': heard,
    'of these late': late,
    ...visited.counts,
    ...written.counts,
  };
  return { verdict, counts };
}

/** Rules are there after all of this, and come to the last event. */
async function untilRulesHeardLast(socket: string): Promise<void> {
  /* By a signal: it writes nothing down. */
  await askUntilAnswered(socket, `Run,"sh -c 'kill -KILL $$'",@label=last-word,@keep=1`);
  const [end = ''] = await askUntilAnswered(socket, 'Events,last-word,@kind=exited,@last=1');
  const isHeard = async (): Promise<boolean> => {
    const [told = ''] = await askUntilAnswered(socket, 'Events,witness,@kind=heard,@last=1');
    return told.includes(`,of=${end.split(',')[1] ?? ''},`);
  };
  while (!(await isHeard())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** What keeps its processes together. */
async function treeKind(socket: string): Promise<string> {
  const lines = await askUntilAnswered(socket, 'Status,d0');
  return lines.find((line) => line.startsWith('Field,tree,'))?.split(',')[2] ?? '';
}

/** What was answered and is not so. */
function answerFaults(
  answers: Answers,
  lives: ReturnType<typeof readBook>,
  lines: readonly string[],
): string[] {
  const faults: string[] = [];
  const written = new Set(lives.map(({ label, pid }) => `${label} ${pid}`));
  const told = new Set(
    lines.map((line) => {
      const [, , , label = '', , pid = ''] = line.split(',');
      return `${label} ${pid.replace('pid=', '')}`;
    }),
  );
  for (const started of answers.started)
    if (!written.has(started) && !told.has(started)) faults.push(`${started} was answered and never was`);
  for (const [label, code] of answers.runs) {
    const of = lives.filter((life) => life.label === label);
    if (of.length > 1) faults.push(`the Run ${label} ran ${of.length} times`);
    const [life] = of;
    if (code === undefined && life !== undefined) faults.push(`the code of the Run ${label} was lost`);
    if (code !== undefined && life?.code !== undefined && life.code !== code && code !== 128 + 9)
      faults.push(`the Run ${label} ended with ${life.code}, answered is ${code}`);
  }
  return faults;
}
