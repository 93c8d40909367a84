import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Chance } from '../archond/fuzz/chance.ts';
import { compileFixture } from '../support/fixture.ts';
import { isAlive, processesWith } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { readBook } from './book.ts';
import { askUntilAnswered, Client, type Answers } from './client.ts';
import { Follower } from './follower.ts';
import { judge, type Verdict } from './verdict.ts';

/** At most so long archond lives between two deaths, beside the time that it needs to come up. */
const MOST_LIFE_MS = 400;
/** One death in so many is followed by one of its successor before that answers. */
const EARLY = 8;
const MOST_EARLY_MS = 150;

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

type Victim = 'archond' | 'keeper' | 'both';

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
  const options = { ...(tree === undefined ? {} : { tree }), ...(uid === undefined ? {} : { uid }) };
  const program = compileFixture('mortal', folder);
  const book = path.join(folder, 'book');
  writeFileSync(book, '');
  chmodSync(book, 0o666);
  const answers: Answers = { started: [], runs: new Map(), answered: 0, lost: 0, wrong: [] };

  await using house = new House(await TestSupervisor.start(options));
  const { socket } = house.supervisor;
  using follower = new Follower(socket);
  const clients = Array.from({ length: size.clients }, (_, at) => {
    const labels = Array.from({ length: size.daemons }, (_, number) => `d${number}`);
    const own = labels.filter((_, number) => number % size.clients === at) as [string, ...string[]];
    const mortal = { program, book, mostMs: size.mostMs };
    return new Client(socket, `c${at}`, own, mortal, answers, size.seed + at);
  });
  await Promise.all(clients.map(async (client) => client.startAll()));

  const over = { is: false };
  const tormented = Promise.all(clients.map(async (client) => client.torment(() => over.is)));
  try {
    await killAll(house, size);
  } finally {
    over.is = true;
    await tormented;
  }

  const wrong = [...answers.wrong];
  await askUntilAnswered(socket, 'Stop,*');
  const units = await askUntilAnswered(socket, 'List');
  for (const line of units.filter((one) =>
    /^Unit,[^,]+,(?:running|starting|stopping|backoff|waiting),/.test(one),
  ))
    wrong.push(`after all was stopped: ${line}`);
  const orphans = processesWith('ARCHON_SOCKET', socket)
    .filter(isAlive)
    .map((pid) => `process ${pid}`);
  const [last = ''] = await askUntilAnswered(socket, 'Events,@last=1');
  await follower.until(Number(last.split(',')[1]));
  wrong.push(...follower.refusals);

  const lives = readBook(book);
  wrong.push(...answerFaults(answers, lives, follower.lines));
  const verdict = judge(lives, follower.lines, orphans, wrong);
  const { kills } = house;
  const counts = {
    daemons: size.daemons,
    'requests answered': answers.answered,
    'requests whose connection was lost': answers.lost,
    'Runs with their code': [...answers.runs.values()].filter((code) => code !== undefined).length,
    'deaths of archond': kills.archond,
    'deaths of the keeper': kills.keeper,
    'deaths of both': kills.both,
  };
  return { verdict, counts };
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

async function killAll(house: House, size: Torture): Promise<void> {
  const chance = new Chance(size.seed);
  const victims: Victim[] = [
    ...Array<Victim>(size.deaths).fill('archond'),
    ...Array<Victim>(size.keeperDeaths).fill('keeper'),
    ...Array<Victim>(size.bothDeaths).fill('both'),
  ];
  while (victims.length > 0) {
    const [victim = 'archond'] = victims.splice(chance.below(victims.length), 1);
    await new Promise((resolve) => setTimeout(resolve, chance.below(MOST_LIFE_MS)));
    const second = victims.indexOf('archond');
    const isTwice = victim === 'archond' && second >= 0 && chance.onceIn(EARLY);
    const isDone = await house.kill(victim, isTwice ? chance.below(MOST_EARLY_MS) : undefined);
    if (isTwice && isDone) victims.splice(second, 1);
  }
}

/** The supervisor, and whoever starts it again where its keeper has died. */
class House implements AsyncDisposable {
  supervisor: TestSupervisor;
  readonly kills: Record<Victim, number> = { archond: 0, keeper: 0, both: 0 };

  constructor(supervisor: TestSupervisor) {
    this.supervisor = supervisor;
  }

  /**
   * Kills, and resolves when the next archond answers.
   *
   * @param earlyMs so long after the death its successor is killed too, where it is there by then; resolves with whether it was
   */
  async kill(victim: Victim, earlyMs: number | undefined): Promise<boolean> {
    const { supervisor } = this;
    const deciding = await supervisor.decidingPid();
    this.kills[victim] += 1;
    if (victim === 'archond') {
      const count = supervisor.readyCount;
      process.kill(deciding, 'SIGKILL');
      const isTwice = earlyMs !== undefined && (await this.#killSuccessor(deciding, earlyMs));
      await supervisor.untilReady(count + 1);
      return isTwice;
    }
    process.kill(supervisor.pid, 'SIGKILL');
    if (victim === 'both') process.kill(deciding, 'SIGKILL');
    await supervisor.ended();
    this.supervisor = await supervisor.again();
    return false;
  }

  async #killSuccessor(first: number, earlyMs: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, earlyMs));
    const next = await this.supervisor.decidingPid().catch(() => first);
    if (next === first) return false;
    this.kills.archond += 1;
    process.kill(next, 'SIGKILL');
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor[Symbol.asyncDispose]();
  }
}
