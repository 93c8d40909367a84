import { describe, expect, it } from 'vitest';
import { ESCAPES } from '../../rules/escapes.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong } from '../../support/told.ts';
import { follow, notes, untilLoaded, untilTold } from './watching.ts';

describe('a supervisor whose rules try whatever there is', () => {
  it('answers others meanwhile, tells of each with file and line, and has the good ones carried out', async () => {
    const bodies = Object.values(ESCAPES);
    const bad = bodies.map((body, at) => [
      `bad-${String(at).padStart(2, '0')}.lua`,
      `on { kind = "hit-${at}", run = function(e)\n${body}\nend }`,
    ]);
    const rules = {
      ...(Object.fromEntries(bad) as Record<string, string>),
      'good.lua': `on { kind = "rule", where = function(e) return e.what == "failed" end,
        run = function(e) note("seen " .. e.file) end }
      local next = 0
      local function hit() publish("hit-" .. next) next = next + 1 end
      on { label = "go*", kind = "running", run = hit }`,
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    for (const at of bodies.keys()) {
      await supervisor.ask(`StartDaemon,true,@label=go-${at}`);
      const file = `bad-${String(at).padStart(2, '0')}.lua`;
      const failed = await untilTold(
        client,
        ({ kind, details }) =>
          kind === 'rule' && details.get('what') === 'failed' && details.get('file') === file,
      );
      expect(failed.details.get('line')).toMatch(/^[12]$/);
      await untilTold(client, ({ details }) => details.get('text') === `seen ${file}`);
    }
    const told = toldAmong(await supervisor.ask('Events,@kind=rule'));
    expect(told.map(({ details }) => details.get('what'))).toEqual(bodies.map(() => 'failed'));
    expect(await notes(supervisor)).toHaveLength(bodies.length);
    expect(supervisor.readyCount).toBe(1);
  });
});
