/*
 * Real clients that write nonsense, against a real supervisor. By hand, a million lines:
 *
 *   ARCHON_FUZZ_LINES=1000000 ARCHON_FUZZ_SEED=7 npx vitest run --configLoader runner test/archond/fuzz
 */
import { expect, it } from 'vitest';
import { Chance } from './chance.ts';
import { completeClient, passingClient, vanishingClient, type Surroundings } from './clients.ts';
import { Target } from './target.ts';

const LINES = Number(process.env['ARCHON_FUZZ_LINES'] ?? 6000);
const SEED = Number(process.env['ARCHON_FUZZ_SEED'] ?? Date.now() % 1e9);
/** Clients at one time. */
const CLIENTS = 6;
/** Clients after which everything is taken down and counted. */
const WAVE = 40;
/**
 * What archond may grow by from the second quarter of the run, when all code has run, to the last. A short run
 * is over before its garbage has been collected often enough to tell what stays from what goes.
 */
const GROWTH_MIB = LINES < 100_000 ? 64 : 24;
const TIMEOUT_MS = 120_000 + LINES * 20;

it(
  `${LINES} lines, seed ${SEED}: each is answered once and in order, and nothing stays`,
  { timeout: TIMEOUT_MS },
  async ({ onTestFailed }) => {
    await using target = await Target.start();
    const { socket } = target.supervisor;
    const fifos = target.fifos(WAVE);
    let lines = 0;
    let client = 0;
    /* By the number of the client. */
    const waiting = new Map<number, () => string | undefined>();
    onTestFailed(() => {
      for (const [number, fault] of waiting) console.log(`fuzz: client ${number} waits: ${fault()}`);
    });
    const used: (readonly [archond: number, keeper: number])[] = [];
    while (lines < LINES) {
      const victims = target.victims();
      const wave = Array.from({ length: WAVE }, (_, at): [number, Surroundings] => {
        client += 1;
        const number = client;
        const waits: Surroundings['waits'] = (fault) => {
          if (fault === undefined) waiting.delete(number);
          else waiting.set(number, fault);
        };
        return [number, { socket, victims, fifo: fifos[at] ?? '', waits }];
      });
      const released: Promise<void>[] = [];
      const play = async (): Promise<void> => {
        for (let next = wave.pop(); next !== undefined; next = wave.pop()) {
          const [number, surroundings] = next;
          const played = await playOne(number, surroundings, released);
          lines += played;
        }
      };
      const played = await Promise.allSettled(Array.from({ length: CLIENTS }, play));
      for (const result of played) if (result.status === 'rejected') throw result.reason;
      await target.tidy();
      await Promise.all(released);
      used.push(target.usage.usedMib());
    }
    const quarter = Math.floor(used.length / 4);
    /* The heap goes up and down with its collections: what counts is the least of it. */
    const least = (part: typeof used, which: 0 | 1): number => Math.min(...part.map((both) => both[which]));
    const [archond, keeper] = ([0, 1] as const).map((which) => {
      const first = least(used.slice(quarter, 2 * quarter + 1), which);
      const last = least(used.slice(-quarter - 1), which);
      console.log(`fuzz: ${which === 0 ? 'archond' : 'keeper'} at least ${first} MiB, at last ${last} MiB`);
      return last - first;
    });
    console.log(`fuzz: seed ${SEED}, ${lines} lines of ${client} clients, used in MiB ${used.join(' ')}`);
    expect(archond).toBeLessThan(GROWTH_MIB);
    expect(keeper).toBeLessThan(1);
    expect(await target.supervisor.ask('#e,Version', 'sHut\\x64own')).toEqual([
      expect.stringMatching(/^#e,Ok,archon,/),
      'Ok',
    ]);
    expect(await target.supervisor.ended()).toBe(0);
  },
);

/** One client of its own seed, so that it can be played again. */
async function playOne(
  number: number,
  surroundings: Surroundings,
  released: Promise<void>[],
): Promise<number> {
  const chance = new Chance(SEED * 1_000_003 + number);
  try {
    const kind = chance.below(10);
    if (kind < 6) return await completeClient(chance, surroundings);
    if (kind < 8) return await vanishingClient(chance, surroundings);
    const passed = await passingClient(chance, surroundings);
    released.push(passed.released);
    return passed.lines;
  } catch (error) {
    throw new Error(`client ${number} of seed ${SEED}`, { cause: error });
  }
}
