import { describe, expect, it } from 'vitest';
import { environmentOf } from '../../support/processes.ts';
import { Host } from '../configured/host.ts';
import { chance, draw, expectedOf, redraw, unitsOf } from './random-configurations.ts';
import { configure, pids } from './reload-rig.ts';

const SEED = Number(process.env['ARCHON_RELOAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const RELOADS = Number(process.env['ARCHON_RELOADS'] ?? 50);

/*
 * Random configurations follow each other on real processes; what is to become of each unit is worked out from what was drawn
 * (`random-configurations.ts`), which shares no code with the supervisor.
 *
 *   ARCHON_RELOADS=500 ARCHON_RELOAD_SEED=7 npx vitest run --configLoader runner test/archond/reload/random
 */
describe('random configurations, one after the other', () => {
  it(`leave every process that is to stay, and no other (seed ${SEED})`, { timeout: 1_800_000 }, async () => {
    const random = chance(SEED);
    let set = draw(random);
    await using host = await Host.start(unitsOf(set));
    await host.until('running', ...set.keys());
    for (let round = 1; round <= RELOADS; round += 1) {
      const next = redraw(random, set);
      const expected = expectedOf(set, next);
      const before = await pids(host);
      configure(host, unitsOf(next));
      const answer = await host.ask('Reload');
      expect(answer.at(-1), `round ${round}`).toBe(`Ok,${expected.size}`);
      /* What goes has gone, and what is restarted is on its way, before it is asked for. */
      for (const [label, what] of expected)
        if (what !== 'stays')
          await expect
            .poll(async () => (await pids(host)).get(label) !== before.get(label), { timeout: 60_000 })
            .toBe(true);
      await host.until('running', ...next.keys());
      const now = await pids(host);
      const found = new Map(
        [...expected.keys()].map((label) => {
          const [was, is] = [before.get(label), now.get(label)];
          const what = is === undefined ? 'gone' : was === undefined ? 'new' : was === is ? 'stays' : 'other';
          return [label, what] as const;
        }),
      );
      expect(found, `round ${round}`).toEqual(expected);
      expect(now.size, `round ${round}`).toBe(next.size);
      for (const [label, unit] of next)
        expect(environmentOf(Number(now.get(label))).get('NUMBER'), `round ${round}: ${label}`).toBe(
          String(unit.env),
        );
      set = next;
    }
  });
});
