import { describe, expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { Chance } from '../fuzz/chance.ts';
import { Host } from './host.ts';
import { OrderChecker } from './order-checker.ts';
import { expectedEnds, randomGraph, type RandomUnit } from './random-graph.ts';

const UNITS = Number(process.env['ARCHON_GRAPH_UNITS'] ?? 1000);
const FEWER = Math.ceil(UNITS / 5);
const SEEDS = (process.env['ARCHON_GRAPH_SEEDS'] ?? '1').split(',').map(Number);
const FEW = Math.ceil(UNITS / 25);
const ROUNDS = 12;
const CRASHES = 20;
/** An end to which nothing comes. */
const NEVER: ReadonlyMap<string, string> = new Map([['', '']]);
/** At most so many events come between two deaths of archond. */
const MOST_EVENTS = 60;

/** Follows all events from the first, over deaths of archond, and checks each. */
class Watch implements Disposable {
  readonly checker: OrderChecker;
  readonly #host: Host;
  readonly #journal: string;
  #client: StreamClient;

  private constructor(host: Host, journal: string, client: StreamClient, checker: OrderChecker) {
    this.#host = host;
    this.#journal = journal;
    this.#client = client;
    this.checker = checker;
  }

  static async begin(host: Host, units: ReadonlyMap<string, RandomUnit>): Promise<Watch> {
    using asking = await StreamClient.connect(host.supervisor.socket, 'Subscribe');
    const journal = (await asking.untilLine(/^Ok,/)).replace(/^Ok,/, '').replace(/:\d+$/, '');
    const client = await StreamClient.connect(host.supervisor.socket, `Subscribe,@after=${journal}:0`);
    return new Watch(host, journal, client, new OrderChecker(units));
  }

  #isSo(ends: ReadonlyMap<string, string>): boolean {
    for (const line of this.#client.takeLines()) this.checker.take(line);
    return [...ends].every(([label, kind]) => this.checker.latest.get(label) === kind);
  }

  /** Resolves when this is what was told last of all units. */
  async until(ends: ReadonlyMap<string, string>): Promise<void> {
    await this.#client.until(() => this.#isSo(ends));
  }

  /** Resolves with true when it is so, or with false after so many events more. */
  async untilOr(ends: ReadonlyMap<string, string>, count: number): Promise<boolean> {
    const from = this.checker.sequence;
    await this.#client.until(() => this.#isSo(ends) || this.checker.sequence >= from + count);
    return this.#isSo(ends);
  }

  /** Kills archond, and goes on with what its successor tells. */
  async killDeciding(): Promise<void> {
    await this.#host.supervisor.killDeciding();
    this.#isSo(new Map());
    this.#client[Symbol.dispose]();
    const position = `${this.#journal}:${this.checker.sequence}`;
    this.#client = await StreamClient.connect(this.#host.supervisor.socket, `Subscribe,@after=${position}`);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

async function start(
  count: number,
  seed: number,
): Promise<{ host: Host; units: ReadonlyMap<string, RandomUnit> }> {
  let units: ReadonlyMap<string, RandomUnit> = new Map();
  const host = await Host.start((folder) => {
    units = randomGraph(count, seed, folder);
    return Object.fromEntries([...units].map(([label, { keys }]) => [label, keys]));
  });
  return { host, units };
}

describe('units in a random graph', () => {
  it.each(SEEDS)(
    `, ${UNITS} of them, come up, get over crashes and go down in their order, seed %i`,
    { timeout: 600_000 },
    async (seed) => {
      const { host: started, units } = await start(UNITS, seed);
      await using host = started;
      using watch = await Watch.begin(host, units);
      const ends = expectedEnds(units);
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      const chance = new Chance(seed + 1);
      const running = [...ends].filter(([, kind]) => kind === 'running').map(([label]) => label);
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const victim = running[chance.below(running.length)] ?? '';
        /* It may be on its way down, or up again, for the sake of another. */
        await host.ask(`Signal,KILL,${victim}`);
      }
      await host.ask(...running.map((label) => `Wait,${label},@for=running`));
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      const answer = await host.ask('Stop,*');
      expect(answer.at(-1)).toBe(`Ok,${UNITS}`);
      await watch.until(new Map([...units.keys()].map((label) => [label, 'stopped'])));
      expect(watch.checker.faults).toEqual([]);
    },
  );

  it.each(SEEDS)(
    `, ${FEWER} of them, come to the same end where archond is killed again and again, seed %i`,
    { timeout: 600_000 },
    async (seed) => {
      const { host: started, units } = await start(FEWER, seed);
      await using host = started;
      using watch = await Watch.begin(host, units);
      const chance = new Chance(seed + 2);
      const ends = expectedEnds(units);
      const downs = new Map([...units.keys()].map((label) => [label, 'stopped']));
      const restarts = [...ends].filter(([, kind]) => kind === 'running').map(([label]) => label);

      while (!(await watch.untilOr(ends, chance.below(MOST_EVENTS)))) await watch.killDeciding();
      expect(watch.checker.faults).toEqual([]);

      for (const label of restarts.slice(0, 5)) {
        await host.ask(`Restart,${label},@wait=0`);
        await watch.untilOr(NEVER, chance.below(10));
        await watch.killDeciding();
      }
      await host.ask(...restarts.map((label) => `Wait,${label},@for=running`));
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      await host.ask('Stop,*,@wait=0');
      while (!(await watch.untilOr(downs, chance.below(MOST_EVENTS)))) await watch.killDeciding();
      expect(watch.checker.faults).toEqual([]);
      await watch.killDeciding();
      expect(new Set((await host.states()).split(' ').map((one) => one.split(':')[1]))).toEqual(
        new Set(['stopped']),
      );
    },
  );

  it.each(SEEDS)(
    `, ${FEW} of them, are at rest as they should be after orders that cross, crashes and deaths of archond, seed %i`,
    { timeout: 600_000 },
    async (seed) => {
      const { host: started, units } = await start(FEW, seed);
      await using host = started;
      using watch = await Watch.begin(host, units);
      watch.checker.isDisturbed = true;
      const chance = new Chance(seed + 3);
      const labels = [...units.keys()] as [string, ...string[]];
      for (let round = 0; round < ROUNDS; round += 1) {
        for (let orders = chance.below(6); orders >= 0; orders -= 1) {
          const label = chance.pick(labels);
          const deeds = [`Start,${label}`, `Stop,${label},@force=1`, `Restart,${label}`] as const;
          await host.ask(chance.onceIn(4) ? `Signal,KILL,${label}` : `${chance.pick(deeds)},@wait=0`);
        }
        if (chance.onceIn(3)) await watch.killDeciding();
        const states = await untilRest(host, watch);
        expect(standing(units, states), `round ${round}`).toEqual([]);
        expect(watch.checker.faults).toEqual([]);
      }
      /* What can come up does; the answer names what cannot. */
      await host.ask('Start,*');
      await watch.until(expectedEnds(units));
      expect(watch.checker.faults).toEqual([]);
    },
  );
});

type States = ReadonlyMap<string, string>;

/** Resolves with all states when nothing is on its way. */
async function untilRest(host: Host, watch: Watch): Promise<States> {
  for (;;) {
    const pairs = (await host.states()).split(' ').map((one) => one.split(':') as [string, string]);
    if (!pairs.some(([, state]) => /^(starting|stopping|backoff)$/.test(state))) return new Map(pairs);
    await watch.untilOr(NEVER, 1);
  }
}

/** What is wrong with units that are at rest: what is up stands on what is up, what waits or has failed does so for a reason. */
function standing(units: ReadonlyMap<string, RandomUnit>, states: States): string[] {
  const isUp = (label: string): boolean => {
    const state = states.get(label);
    return state === 'running' || (state === 'finished' && units.get(label)?.type === 'oneshot');
  };
  return [...units].flatMap(([label, { needs, behaviour }]) => {
    const down = needs.find((need) => !isUp(need));
    if (isUp(label) && down !== undefined) return [`${label} is up, and ${down} is not`];
    const state = states.get(label);
    if (state === 'waiting' && down === undefined) return [`${label} waits for nothing`];
    const hasReason = behaviour === 'bad' || needs.some((need) => states.get(need) === 'failed');
    return state === 'failed' && !hasReason ? [`${label} has failed for nothing`] : [];
  });
}
