import { describe, expect, it } from 'vitest';
import { Chance } from '../fuzz/chance.ts';
import { writeBehaviours } from '../stage/behaviours.ts';
import { statesOf, type Hearing, type Stage, type Units } from '../stage/stage.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { Host } from './host.ts';
import { OrderChecker } from './order-checker.ts';
import { expectedEnds, randomGraph, type RandomUnit } from './random-graph.ts';

/*
 * Each history is played twice: to real processes, and to those of a machine in memory, whose time passes as fast as
 * it can. More of them:
 *
 *   ARCHON_GRAPH_SEEDS=1,2,3 ARCHON_GRAPH_UNITS=2500 npx vitest run --configLoader runner test/archond/configured/many
 */
const UNITS = Number(process.env['ARCHON_GRAPH_UNITS'] ?? 1000);
const FEWER = Math.ceil(UNITS / 5);
const SEEDS = (process.env['ARCHON_GRAPH_SEEDS'] ?? '1').split(',').map(Number);
const FEW = Math.ceil(UNITS / 25);
/** So many further seeds for the machine in memory. */
const MORE = Number(process.env['ARCHON_GRAPH_MORE'] ?? 12);
const ROUNDS = 12;
const CRASHES = 20;
/** How many units, and which history: of the further ones there are more, and each is smaller. */
const casesOf = (seeds: readonly number[], count: number): (readonly [count: number, seed: number])[] =>
  seeds.map((seed) => [SEEDS.includes(seed) ? count : Math.ceil(count / 4), seed] as const);
/** An end to which nothing comes. */
const NEVER: ReadonlyMap<string, string> = new Map([['', '']]);
/** At most so many events come between two deaths of archond. */
const MOST_EVENTS = 60;

/** Follows all events from the first, over deaths of archond, and checks each. */
class Watch implements Disposable {
  readonly checker: OrderChecker;
  readonly #stage: Stage;
  readonly #journal: string;
  #client: Hearing;

  private constructor(stage: Stage, journal: string, client: Hearing, checker: OrderChecker) {
    this.#stage = stage;
    this.#journal = journal;
    this.#client = client;
    this.checker = checker;
  }

  static async begin(stage: Stage, units: ReadonlyMap<string, RandomUnit>): Promise<Watch> {
    using asking = await stage.hear('Subscribe');
    const journal = (await asking.untilLine(/^Ok,/)).replace(/^Ok,/, '').replace(/:\d+$/, '');
    const client = await stage.hear(`Subscribe,@after=${journal}:0`);
    return new Watch(stage, journal, client, new OrderChecker(units));
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
    await this.#stage.killDeciding();
    this.#isSo(new Map());
    this.#client[Symbol.dispose]();
    const position = `${this.#journal}:${this.checker.sequence}`;
    this.#client = await this.#stage.hear(`Subscribe,@after=${position}`);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

interface Begun {
  readonly stage: Stage;
  readonly units: ReadonlyMap<string, RandomUnit>;
}

interface StageKind {
  readonly seeds: readonly number[];
  readonly start: (count: number, seed: number) => Promise<Begun>;
}

const STAGES: Readonly<Record<string, StageKind>> = {
  'real processes': {
    seeds: SEEDS,
    start: async (count, seed) => {
      let units: Begun['units'] = new Map();
      const stage = await Host.start((folder) => {
        writeBehaviours(folder);
        units = randomGraph(count, seed, folder);
        return keysOfAll(units);
      });
      return { stage, units };
    },
  },
  'the machine in memory': {
    seeds: [...SEEDS, ...Array.from({ length: MORE }, (_, more) => Math.max(...SEEDS) + 1 + more)],
    start: async (count, seed) => {
      let units: Begun['units'] = new Map();
      const made = (folder: string): Units => {
        units = randomGraph(count, seed, folder);
        return keysOfAll(units);
      };
      const stage = await VirtualHost.start(made, { seed, tree: seed % 3 === 0 ? 'minder' : 'cgroup' });
      /* The same may come late, and in another order among units. */
      const { settings } = stage.control.keeper;
      settings.tellDelayMs = seed % 4;
      settings.minderMs = seed % 5;
      return { stage, units };
    },
  },
};

function keysOfAll(units: ReadonlyMap<string, RandomUnit>): Units {
  return Object.fromEntries([...units].map(([label, { keys }]) => [label, keys]));
}

describe.each(Object.entries(STAGES))('units in a random graph on %s', (_, { seeds, start }) => {
  it.each(casesOf(seeds, UNITS))(
    ', %i of them, come up, get over crashes and go down in their order, seed %i',
    { timeout: 600_000 },
    async (count, seed) => {
      const { stage: started, units } = await start(count, seed);
      await using stage = started;
      using watch = await Watch.begin(stage, units);
      const ends = expectedEnds(units);
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      const chance = new Chance(seed + 1);
      const running = [...ends].filter(([, kind]) => kind === 'running').map(([label]) => label);
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const victim = running[chance.below(running.length)] ?? '';
        /* It may be on its way down, or up again, for the sake of another. */
        await stage.ask(`Signal,KILL,${victim}`);
      }
      await stage.ask(...running.map((label) => `Wait,${label},@for=running`));
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      const answer = await stage.ask('Stop,*');
      expect(answer.at(-1)).toBe(`Ok,${count}`);
      await watch.until(new Map([...units.keys()].map((label) => [label, 'stopped'])));
      expect(watch.checker.faults).toEqual([]);
    },
  );

  it.each(casesOf(seeds, FEWER))(
    ', %i of them, come to the same end where archond is killed again and again, seed %i',
    { timeout: 600_000 },
    async (count, seed) => {
      const { stage: started, units } = await start(count, seed);
      await using stage = started;
      using watch = await Watch.begin(stage, units);
      const chance = new Chance(seed + 2);
      const ends = expectedEnds(units);
      const downs = new Map([...units.keys()].map((label) => [label, 'stopped']));
      const restarts = [...ends].filter(([, kind]) => kind === 'running').map(([label]) => label);

      while (!(await watch.untilOr(ends, chance.below(MOST_EVENTS)))) await watch.killDeciding();
      expect(watch.checker.faults).toEqual([]);

      for (const label of restarts.slice(0, 5)) {
        await stage.ask(`Restart,${label},@wait=0`);
        /* So many come in any case. */
        await watch.untilOr(NEVER, chance.below(5));
        await watch.killDeciding();
      }
      await stage.ask(...restarts.map((label) => `Wait,${label},@for=running`));
      await watch.until(ends);
      expect(watch.checker.faults).toEqual([]);

      await stage.ask('Stop,*,@wait=0');
      while (!(await watch.untilOr(downs, chance.below(MOST_EVENTS)))) await watch.killDeciding();
      expect(watch.checker.faults).toEqual([]);
      await watch.killDeciding();
      expect(new Set((await statesOf(stage)).values())).toEqual(new Set(['stopped']));
    },
  );

  it.each(casesOf(seeds, FEW))(
    ', %i of them, are at rest as they should be after orders that cross, crashes and deaths of archond, seed %i',
    { timeout: 600_000 },
    async (count, seed) => {
      const { stage: started, units } = await start(count, seed);
      await using stage = started;
      using watch = await Watch.begin(stage, units);
      watch.checker.isDisturbed = true;
      const chance = new Chance(seed + 3);
      const labels = [...units.keys()] as [string, ...string[]];
      for (let round = 0; round < ROUNDS; round += 1) {
        for (let orders = chance.below(6); orders >= 0; orders -= 1) {
          const label = chance.pick(labels);
          const deeds = [`Start,${label}`, `Stop,${label},@force=1`, `Restart,${label}`] as const;
          await stage.ask(chance.onceIn(4) ? `Signal,KILL,${label}` : `${chance.pick(deeds)},@wait=0`);
        }
        if (chance.onceIn(3)) await watch.killDeciding();
        const states = await untilRest(stage, watch);
        expect(standing(units, states), `round ${round}`).toEqual([]);
        expect(watch.checker.faults).toEqual([]);
      }
      /* What can come up does; the answer names what cannot. */
      await stage.ask('Start,*');
      await watch.until(expectedEnds(units));
      expect(watch.checker.faults).toEqual([]);
    },
  );
});

type States = ReadonlyMap<string, string>;

/** Resolves with all states when nothing is on its way. */
async function untilRest(stage: Stage, watch: Watch): Promise<States> {
  for (;;) {
    const states = await statesOf(stage);
    if (![...states.values()].some((state) => /^(starting|stopping|backoff)$/.test(state))) return states;
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
