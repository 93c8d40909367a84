import { Chance } from '../archond/fuzz/chance.ts';
import { isAlive, processesWith } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';

const CLOSING = /^(?:Ok|Error|ExitStatus)(?:,|$)/;
const POLICIES = ['always', 'on-failure', 'never'] as const;
const SIGNALS = ['KILL', 'TERM', 'HUP'] as const;
/** While nobody answers it is tried again after so long. */
const AGAIN_MS = 5;
/** Of a Run. */
const SHORT_MS = 100;
/** One stop in so many is looked into from outside. */
const LOOKS = 4;

/** How daemons are called. */
export interface Mortal {
  readonly program: string;
  readonly book: string;
  readonly mostMs: number;
}

/** What was answered, to be held against what was written down. */
export interface Answers {
  /** Pids of daemons that were answered, by `LABEL PID`. */
  readonly started: string[];
  /** Runs by their labels: the code, or undefined where it was answered that there never was one. */
  readonly runs: Map<string, number | undefined>;
  /** How many requests were answered, and on how many the connection was lost. */
  answered: number;
  lost: number;
  readonly wrong: string[];
}

/** A client that gives orders at random, each on a connection of its own, to daemons that are its own. */
export class Client {
  readonly #socket: string;
  readonly #name: string;
  readonly #labels: readonly [string, ...string[]];
  readonly #mortal: Mortal;
  readonly #chance: Chance;
  readonly #answers: Answers;
  #runs = 0;

  constructor(
    socket: string,
    name: string,
    labels: readonly [string, ...string[]],
    mortal: Mortal,
    answers: Answers,
    seed: number,
  ) {
    this.#socket = socket;
    this.#name = name;
    this.#labels = labels;
    this.#mortal = mortal;
    this.#answers = answers;
    this.#chance = new Chance(seed);
  }

  /** Starts all of its daemons. */
  async startAll(): Promise<void> {
    for (const label of this.#labels) await this.#startDaemon(label);
  }

  /** Gives one order after the other until it is told to end. */
  async torment(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const label = this.#chance.pick(this.#labels);
      const deed = this.#chance.below(12);
      if (deed < 3) await this.#startDaemon(label);
      else if (deed < 5) await this.#ask(`Start,${label}${this.#wait()}`);
      else if (deed < 6) await this.#ask(`Restart,${label}${this.#wait()}`);
      else if (deed < 8) await this.#stop(label);
      else if (deed < 10) await this.#ask(`Signal,${this.#chance.pick(SIGNALS)},${label}`);
      else if (deed < 11) await this.#ask(`Forget,${label}`);
      else await this.#run();
    }
  }

  #wait(): string {
    return this.#chance.onceIn(2) ? ',@wait=0' : '';
  }

  async #startDaemon(label: string): Promise<void> {
    const { program, book, mostMs } = this.#mortal;
    const policy = this.#chance.pick(POLICIES);
    const lines = await this.#ask(
      `StartDaemon,${program} ${book} ${mostMs},@label=${label},@restart=${policy},@stop-timeout=2s`,
    );
    const [, pid] = /^Ok,[^,]+,(\d+)$/.exec(lines?.at(-1) ?? '') ?? [];
    if (pid !== undefined) this.#answers.started.push(`${label} ${pid}`);
  }

  /** When it is answered nothing is left; nobody else starts it meanwhile. */
  async #stop(label: string): Promise<void> {
    const lines = await this.#ask(`Stop,${label}`);
    if (lines?.at(-1) !== 'Ok,1' || !this.#chance.onceIn(LOOKS)) return;
    const left = processesWith('ARCHON_LABEL', label).filter(isAlive);
    const ours = left.filter((pid) => processesWith('ARCHON_SOCKET', this.#socket).includes(pid));
    if (ours.length > 0)
      this.#answers.wrong.push(`${label} is answered to be stopped, and ${ours.join()} lives`);
  }

  /** A command to its end; a keeper that dies before it has made the process refuses it (`EPIPE`), and then there never was one; where the connection is lost whoever waits for it is told its code. */
  async #run(): Promise<void> {
    this.#runs += 1;
    const label = `${this.#name}-run-${this.#runs}`;
    const { program, book } = this.#mortal;
    let lines = await this.#ask(`Run,${program} ${book} ${SHORT_MS},@label=${label}`);
    while (lines === undefined) lines = await this.#ask(`Wait,${label}`);
    const [, code] = /^ExitStatus,(\d+)$/.exec(lines.at(-1) ?? '') ?? [];
    const last = lines.at(-1) ?? '';
    if (code === undefined && !/,(?:not-found|unknown|EPIPE)$/.test(last))
      this.#answers.wrong.push(`the Run ${label} is answered ${lines.join(' | ')}`);
    else if (!last.endsWith(',unknown'))
      this.#answers.runs.set(label, code === undefined ? undefined : Number(code));
  }

  /** The answer, or undefined where the connection was lost before it was whole. */
  async #ask(line: string): Promise<readonly string[] | undefined> {
    const lines = await askOnce(this.#socket, line);
    if (lines === undefined) this.#answers.lost += 1;
    else this.#answers.answered += 1;
    return lines;
  }
}

/** The answer to a line, when somebody answers; undefined where the connection was lost before it was whole. */
export async function askOnce(socket: string, line: string): Promise<readonly string[] | undefined> {
  for (;;) {
    let client: StreamClient;
    try {
      client = await StreamClient.connect(socket, line);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      continue;
    }
    using asking = client;
    asking.sayAll();
    await asking.untilClosed();
    return CLOSING.test(asking.lines.at(-1) ?? '') ? asking.lines : undefined;
  }
}

/** The same, again and again until it is answered. */
export async function askUntilAnswered(socket: string, line: string): Promise<readonly string[]> {
  for (;;) {
    const lines = await askOnce(socket, line);
    if (lines !== undefined) return lines;
  }
}
