import { eventsOn, numberFaults, type Event } from '../sweep/checker.ts';
import { dieIn, type Deaths, type Played } from '../stage/deaths.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { pass, Theatre, WEB } from './theatre.ts';

const GOOD = { readyMs: 50, leaveMs: 20 };
const SLOW = { readyMs: 50, leaveMs: 300 };
const NEVER = { leaveMs: 20 };
/** A unit is at rest after so long, or never will be. */
const MOST_LOOKS = 400;
const LOOK_MS = 45;
/** What happens on the machine does so at whole milliseconds: it is looked at between them. */
const BETWEEN_MS = 0.5;

/** `Unit` of `web`, as it was told at an instant. */
interface Sample {
  readonly at: string;
  readonly state: string;
  readonly pid: string;
}

/** A server that is replaced again and again, with all that can come between, under somebody who looks. */
class Day {
  readonly host: VirtualHost;
  readonly theatre: Theatre;
  readonly faults: string[] = [];
  readonly samples: Sample[] = [];

  constructor(host: VirtualHost, theatre: Theatre) {
    this.host = host;
    this.theatre = theatre;
  }

  async order(line: string): Promise<void> {
    const lines = await this.host.insist(`${line},@wait=0`);
    if (lines.at(-1)?.startsWith('Ok') !== true) this.faults.push(`${line} is answered ${lines.join(' | ')}`);
  }

  async look(): Promise<Sample> {
    await pass(this.host, BETWEEN_MS);
    const [line = ''] = await this.host.insist('List,web');
    const [, , state = '', pid = ''] = line.split(',');
    const at = (Number(this.host.control.kernel.wallNs() / 1000n) / 1e6).toFixed(6);
    const sample = { at, state, pid };
    this.samples.push(sample);
    await pass(this.host, BETWEEN_MS);
    return sample;
  }

  /** Lets it come to rest in this state, looking at it: then there is one process, which serves, or none. */
  async rest(state: 'running' | 'stopped'): Promise<number | undefined> {
    const should = state === 'running' ? 1 : 0;
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      await pass(this.host, LOOK_MS);
      const told = await this.look();
      const { present } = this.theatre;
      if (told.state !== state || present.length !== should) continue;
      const status = await this.host.insist('Status,web');
      if (status.some((line) => line.startsWith('Field,beside,'))) continue;
      const [pid] = present;
      if (String(pid ?? '') !== told.pid) this.faults.push(`${told.pid} is told, and ${pid} is there`);
      return pid;
    }
    this.faults.push(`it does not come to rest: ${JSON.stringify(await this.host.insist('Status,web'))}`);
    return undefined;
  }

  /** Serves all the while. */
  async served(what: string, play: () => Promise<void>): Promise<void> {
    const { length } = this.theatre.gaps;
    await play();
    if (this.theatre.gaps.length > length) this.faults.push(`nobody served: ${what}`);
  }

  /** The end of everything, until somebody has heard that it is to come. */
  async end(): Promise<void> {
    const { host } = this;
    while (!host.isOver) {
      const client = host.control.keeper.ready ? host.reach('Shutdown') : undefined;
      client?.sayAll();
      if (client === undefined) await host.step();
      else await client.rest();
    }
    await host.until(() => host.control.keeper.gone);
  }

  same(what: string, before: number | undefined, after: number | undefined, isSame: boolean): void {
    if ((before === after) !== isSame) this.faults.push(`${what}: it was ${before} and is ${after}`);
  }
}

async function play(day: Day): Promise<void> {
  const { theatre, host } = day;
  let pid = await day.rest('running');

  await day.served('a replacement', async () => {
    await day.order('Restart,web');
    await pass(host, 30);
    await day.look();
    const next = await day.rest('running');
    day.same('a replacement', pid, next, false);
    pid = next;
  });

  await day.served('a replacement that is not ready in time', async () => {
    theatre.usual = NEVER;
    await day.order('Restart,web');
    day.same('a replacement that failed', pid, await day.rest('running'), true);
  });

  await day.served('two replacements, one behind the other', async () => {
    theatre.usual = SLOW;
    await day.order('Restart,web');
    day.same('the first of two', pid, await day.rest('running'), false);
    const born = theatre.lives.length;
    await day.order('Restart,web');
    await pass(host, 100);
    const between = theatre.lives.at(-1)?.pid;
    await day.order('Restart,web');
    const next = await day.rest('running');
    /* Where the first came late, by a death, the second has joined it. */
    if (theatre.lives.length > born + 1) day.same('the second of two', between, next, false);
    pid = next;
  });

  theatre.usual = GOOD;
  await day.order('Restart,web');
  await pass(host, 20);
  await day.order('Stop,web');
  await day.rest('stopped');
  await day.order('Start,web');
  pid = await day.rest('running');

  await day.order('Restart,web');
  await pass(host, 20);
  if (pid !== undefined) host.control.process(pid)?.die(9);
  day.same('an end in the middle of a replacement', pid, await day.rest('running'), false);
}

/** What is wrong with what was told of each process: a beginning, at most one readiness, one end with its code. */
function storyFaults({ lives }: Theatre, events: readonly Event[]): string[] {
  return lives.flatMap(({ pid, end = '?' }) => {
    const told = events.filter(({ details }) => details.includes(`pid=${pid}`));
    const kinds = told.map(({ kind }) => kind);
    const count = (kind: string): number => kinds.filter((one) => one === kind).length;
    const faults: string[] = [];
    if (count('exited') !== 1) faults.push(`the end of ${pid} is told ${count('exited')} times`);
    if (count('running') > 1) faults.push(`${pid} becomes ready ${count('running')} times`);
    if (kinds.at(-1) !== 'exited') faults.push(`${pid} is ${kinds.at(-1)} after its end`);
    if (told.at(-1)?.details.includes(end) !== true)
      faults.push(`${pid} ended with ${end}, told is ${told.at(-1)?.details.join(' ')}`);
    return faults;
  });
}

/** What the past knows otherwise than it was told then. What had happened and was not told of for a death is passed over. */
async function pastFaults(day: Day): Promise<string[]> {
  const faults: string[] = [];
  for (const { at, state, pid } of day.samples) {
    const [line = ''] = await day.host.insist(`List,web,@at=${at}`);
    const [, , past = '', then = ''] = line.split(',');
    if (past !== state || then !== pid)
      faults.push(`at ${at} it was ${state} ${pid}, and is told as ${line}`);
  }
  return faults;
}

/** Plays the day with these deaths; what is wrong with it. */
export async function playWith(deaths: Deaths, tree: 'cgroup' | 'minder'): Promise<Played> {
  const theatre = new Theatre();
  const host = await VirtualHost.before(
    { web: { ...WEB, restart: { policy: 'always', delay: '10ms' } } },
    {
      tree,
      atBirth: (control, life) => {
        if (life === 1) theatre.install(control);
        dieIn(life, deaths, control);
      },
    },
  );
  const day = new Day(host, theatre);
  const { control } = host;
  try {
    await play(day);
    day.faults.push(...(await pastFaults(day)));
    await day.end();
    await host[Symbol.asyncDispose]();
  } catch (error) {
    day.faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const events = eventsOn(control);
  const log = Buffer.from(control.kernel.files.read('/var/log/archon/web.log') ?? []).toString();
  const born = theatre.lives.map(({ pid }) => `born ${pid}\n`).join('');
  const faults = [
    ...day.faults,
    ...(theatre.most > 2 ? [`there were ${theatre.most} processes at once`] : []),
    ...numberFaults(events),
    ...storyFaults(theatre, events),
    ...(log === born ? [] : [`the log is ${log}, and should be ${born}`]),
  ];
  return { calls: control.calls, killedAt: control.killedAt, faults };
}
