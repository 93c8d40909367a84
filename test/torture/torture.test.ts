import { expect, it } from 'vitest';
import { torture, type Torture } from './torture.ts';
import { tableOf } from './verdict.ts';

/*
 * `npm run torture` makes it as large as it is meant; see `scripts/torture.mjs` for what can be chosen.
 */
const { env } = process;
const number = (name: string, usual: number): number => Number(env[`ARCHON_TORTURE_${name}`] ?? usual);
const TREE = env['ARCHON_TORTURE_TREE'];
const UID = env['ARCHON_TORTURE_UID'];

const SIZE: Torture = {
  daemons: number('DAEMONS', 200),
  clients: number('CLIENTS', 4),
  mostMs: number('MOST_MS', 15_000),
  deaths: number('DEATHS', 20),
  keeperDeaths: number('KEEPER', 4),
  bothDeaths: number('BOTH', 2),
  seed: number('SEED', 1),
  tree: TREE === 'minder' || TREE === 'cgroup' ? TREE : undefined,
  uid: UID === undefined ? undefined : Number(UID),
};

it(
  `${SIZE.daemons} daemons that die at random are all known, and every end of theirs is told once, while archond is killed ${SIZE.deaths} times, the keeper ${SIZE.keeperDeaths} times, and both ${SIZE.bothDeaths} times`,
  { timeout: 3_600_000 },
  async () => {
    const { verdict, counts } = await torture(SIZE);
    console.log(tableOf(verdict, counts));
    const { lost, doubled, orphaned, wrong } = verdict;
    expect({ lost, doubled, orphaned, wrong }).toEqual({ lost: [], doubled: [], orphaned: [], wrong: [] });
  },
);
