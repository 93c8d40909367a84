import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { follow, notes, untilLoaded, untilTold } from './watching.ts';

const COUNTS =
  'local n = 0 on { name = "one", label = "go*", kind = "running", run = function() n = n + 1 note("a" .. n) end }';

describe('rule files that change', () => {
  it('are taken up by ReloadRules; a broken one leaves what it had before in force', async () => {
    await using supervisor = await TestSupervisor.start({
      rules: { 'a.lua': COUNTS, 'b.lua': 'x = = 1' },
    });
    await untilLoaded(supervisor);
    const refusal = "Rule,b.lua,,0,b.lua:1: unexpected symbol near '=',refused";
    expect(await supervisor.ask('Rules')).toEqual(['Rule,a.lua,one,0,,active', refusal, 'Ok,2']);

    const folder = path.join(supervisor.folder, 'rules');
    await writeFile(path.join(folder, 'a.lua'), 'on { name = "one" ');
    await writeFile(path.join(folder, 'b.lua'), 'on { name = "two", kind = "no", run = "true" }');
    expect(await supervisor.ask('ReloadRules')).toEqual([
      'Rule,a.lua,one,0,,active',
      "Rule,a.lua,,0,a.lua:1: '}' expected near <eof>,refused",
      'Rule,b.lua,two,0,,active',
      'Ok,3',
    ]);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,true,@label=go-1');
    await untilTold(client, ({ details }) => details.get('text') === 'a1');

    await writeFile(path.join(folder, 'a.lua'), 'on { name = "new", run = "true" }');
    await rm(path.join(folder, 'b.lua'));
    expect(await supervisor.ask('ReloadRules')).toEqual(['Rule,a.lua,new,0,,active', 'Ok,1']);
  });

  it('do not disturb those that have not changed; the first may come later too', async () => {
    await using supervisor = await TestSupervisor.start({ rules: {} });
    expect(await supervisor.ask('ReloadRules')).toEqual(['Ok,0']);
    const folder = path.join(supervisor.folder, 'rules');
    await writeFile(path.join(folder, 'a.lua'), COUNTS);
    await supervisor.ask('StartDaemon,true,@label=go-0');
    expect(await supervisor.ask('ReloadRules')).toEqual(['Rule,a.lua,one,0,,active', 'Ok,1']);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,true,@label=go-1');
    await untilTold(client, ({ details }) => details.get('text') === 'a1');
    await writeFile(path.join(folder, 'b.lua'), 'print("hello")');
    await supervisor.ask('ReloadRules', 'StartDaemon,true,@label=go-2');
    await untilTold(client, ({ details }) => details.get('text') === 'a2');
    expect(await notes(supervisor)).toEqual(['a1', 'a2']);
  });

  it('that let a rule be are loaded again by ReloadRules, and it is heard again', async () => {
    const rules = {
      'a.lua': 'on { name = "bad", label = "go*", kind = "running", run = function() error("no") end }',
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    for (let at = 0; at < 6; at += 1) await supervisor.ask(`StartDaemon,true,@label=go-${at}`);
    await untilTold(client, ({ details }) => details.get('what') === 'suspended');
    expect(await supervisor.ask('Rules')).toEqual(['Rule,a.lua,bad,5,a.lua:1: no,suspended', 'Ok,1']);
    expect(await supervisor.ask('ReloadRules')).toEqual(['Rule,a.lua,bad,5,a.lua:1: no,active', 'Ok,1']);
  });
});
