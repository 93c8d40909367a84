/*
 * Random histories of daemons, played against the real supervisor and a small model. More of them by hand:
 *
 *   ARCHON_MODEL_RUNS=200 npx vitest run --configLoader runner test/archond/model
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import type { Daemons } from './daemons.ts';
import { histories } from './deeds.ts';
import { World } from './world.ts';

const RUNS = Number(process.env['ARCHON_MODEL_RUNS'] ?? 5);
const DEEDS = 20;

it(
  `in ${RUNS} histories of daemons all is as a small model says`,
  { timeout: 60_000 + RUNS * 30_000 },
  async () => {
    await using supervisor = await TestSupervisor.start();
    const world = new World(supervisor);
    const property = fc.asyncProperty(histories(DEEDS), async (deeds) => {
      const model: Daemons = new Map();
      try {
        await fc.asyncModelRun(() => ({ model, real: world }), deeds);
      } finally {
        await world.clear();
      }
    });
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    world.close();
    expect(supervisor.log).not.toMatch(/"level":[56]0/);
  },
);
