import { describe, expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { Chance } from '../fuzz/chance.ts';
import { Host } from './host.ts';
import { OrderChecker } from './order-checker.ts';
import { expectedEnds, randomGraph, type RandomUnit } from './random-graph.ts';

const UNITS = Number(process.env['ARCHON_GRAPH_UNITS'] ?? 1000);
const FEWER = Math.ceil(UNITS / 5);
const SEEDS = (process.env['ARCHON_GRAPH_SEEDS'] ?? '1').split(',').map(Number);
const CRASHES = 20;
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
        await watch.untilOr(new Map([['', '']]), chance.below(10));
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
});
