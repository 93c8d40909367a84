import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deaths } from '../../../src/archond/rules/deaths.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { follow, notes, untilTold } from './watching.ts';

/** Each file keeps to what a file may hold; together they do not fit into the heap of all. */
const LARGE = 'kept = {} for i = 1, 14000 do kept[i] = {} end';
const GOOD = 'on { label = "go*", kind = "running", run = function(e) note("heard " .. e.label) end }';

describe('rules that end their worker', () => {
  it('are let be after five times, which is said; the supervisor goes on, and so do rules that are mended', async () => {
    const names = Array.from({ length: 24 }, (_, at) => `large-${at}.lua`);
    const rules = { 'a.lua': GOOD, ...Object.fromEntries(names.map((name) => [name, LARGE])) };
    await using supervisor = await TestSupervisor.start({ rules });
    using client = await follow(supervisor);
    const suspended = untilTold(client, ({ details }) => details.get('what') === 'suspended');
    await supervisor.ask('Events').then(async (past) => {
      if (!past.some((line) => line.includes('what=suspended'))) await suspended;
    });
    expect(supervisor.readyCount).toBe(1);
    expect(await supervisor.ask('Run,true')).toEqual(['ExitStatus,0']);

    for (const name of names) await rm(path.join(supervisor.folder, 'rules', name));
    expect(await supervisor.ask('ReloadRules')).toEqual(['Rule,a.lua,line 1,0,,active', 'Ok,1']);
    await supervisor.ask('StartDaemon,true,@label=go-1');
    await untilTold(client, ({ kind }) => kind === 'note');
    expect(await notes(supervisor)).toEqual(['heard go-1']);
  });

  it('are counted within a minute, and of each file', () => {
    const deaths = new Deaths();
    for (let at = 0; at < 4; at += 1) deaths.add(undefined, at * 1000);
    expect(deaths.isGivenUp).toBe(false);
    deaths.add('a.lua', 59_000);
    expect([deaths.isGivenUp, deaths.isLeftOut('a.lua')]).toEqual([true, false]);
    deaths.add('a.lua', 200_000);
    expect([deaths.isGivenUp, deaths.isLeftOut('a.lua'), deaths.isLeftOut('b.lua')]).toEqual([
      false,
      true,
      false,
    ]);
    deaths.forgive();
    expect(deaths.isLeftOut('a.lua')).toBe(false);
  });
});
