import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong } from '../../support/told.ts';
import { follow, notes, untilLoaded, untilTold } from './watching.ts';

const WEB_AND_CACHE = `
version: 1
units:
  web: {command: sleep 1000, restart: {policy: always, delay: 10ms}}
  cache: {command: sleep 1000}
`;

const RESTART_CACHE = `on {
  name = "cache goes with web",
  label = "web*",
  kind = {"exited"},
  where = function(e) return e.signal ~= nil end,
  run = function(e)
    note("web died of " .. e.signal .. " and was " .. e.previous)
    restart("cache")
  end,
}`;

/** The pid of a unit. */
async function pidOf(supervisor: TestSupervisor, label: string): Promise<number> {
  const line = (await supervisor.ask(`Status,${label}`)).find((one) => one.startsWith('Field,pid,'));
  return Number(line?.split(',')[2]);
}

describe('a rule', () => {
  it('restarts cache when web dies of a signal, and is named as the cause', async () => {
    await using supervisor = await TestSupervisor.start({
      config: WEB_AND_CACHE,
      rules: { '10-web.lua': RESTART_CACHE },
    });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);

    process.kill(await pidOf(supervisor, 'web'), 'SIGSEGV');
    const stopping = await untilTold(client, ({ label, kind }) => label === 'cache' && kind === 'stopping');
    await untilTold(client, ({ label, kind }) => label === 'cache' && kind === 'running');

    const [exited] = toldAmong(await supervisor.ask('Events,web,@kind=exited'));
    expect(stopping.details.get('cause')).toBe(String(exited?.sequence));
    expect(stopping.details.get('rule')).toBe('10-web.lua: cache goes with web');
    expect(await notes(supervisor)).toEqual(['web died of SIGSEGV and was running']);
    expect(await supervisor.ask('Rules')).toEqual(['Rule,10-web.lua,cache goes with web,1,,active', 'Ok,1']);
    expect(await supervisor.ask('Dump,rules')).toEqual([
      'Line,10-web.lua:1 active 1 cache goes with web',
      'Ok',
    ]);
  });

  it('runs a command and is told of its end, starts daemons, publishes events, and waits', async () => {
    const rules = {
      'a.lua': `
on { kind = "hail", run = function(e)
  note("hailed by " .. e.label .. " with " .. e.word .. " at depth " .. e.depth)
end }
on { label = "go", kind = "running", run = function(e)
  run("sh -c 'exit $WITH'", {env = {WITH = 7}, label = "errand"}, function(exit)
    note("the errand ended with " .. exit.code)
    run("nosuchprogram", {}, function(exit) note("error: " .. tostring(exit.error ~= nil)) end)
  end)
  start_daemon("sleep 1000", {label = "helper"})
  publish("hail", {label = "somebody", word = "ahoy"})
  local ticks = 0
  local clock
  clock = every("100ms", function()
    ticks = ticks + 1
    if ticks == 3 then clock:cancel() note("three ticks, helper is " .. tostring(state("helper"))) stop("helper") end
  end)
end }
on { label = "helper", kind = "stopped", run = "sh -c 'test $EVENT_LABEL = helper && exit 3'" }`,
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,sleep 1000,@label=go');
    const ended = await untilTold(client, ({ label, kind }) => label === 'sh' && kind === 'exited');
    expect(ended.details.get('code')).toBe('3');
    await untilTold(client, ({ details }) => details.get('text') === 'error: true');

    expect((await notes(supervisor)).sort()).toEqual([
      'error: true',
      'hailed by somebody with ahoy at depth 1',
      'the errand ended with 7',
      'three ticks, helper is running',
    ]);
  });

  it('is told, by an event, of what it asks for and cannot have', async () => {
    const rules = {
      'a.lua':
        'on { label = "go", kind = "running", run = function(e)\n restart("nosuch") link("a", "b", "notify") end }',
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,sleep 1000,@label=go');
    const refused = await untilTold(client, ({ details }) => details.get('what') === 'refused');
    expect(refused.details.get('message')).toBe('there is no unit nosuch');
    const failed = await untilTold(client, ({ details }) => details.get('what') === 'failed');
    expect(Object.fromEntries(failed.details)).toMatchObject({
      file: 'a.lua',
      line: '2',
      name: 'line 1',
      message: 'link: it cannot be had in this version',
    });
  });

  it('that sets off others, and they it, is cut at the sixteenth', async () => {
    const rules = {
      'a.lua': 'on { kind = "ping", run = function(e) publish("pong", {n = e.n + 1}) end }',
      'b.lua':
        'on { kind = "pong", run = function(e) publish("ping", {n = e.n + 1}) end }\n' +
        'on { label = "go", kind = "running", run = function() publish("ping", {n = 1}) end }',
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,sleep 1000,@label=go');
    const cut = await untilTold(client, ({ details }) => details.get('what') === 'cut');
    expect(cut.details.get('file')).toBe('b.lua');
    const told = toldAmong(await supervisor.ask('Events'));
    const chain = told.filter(({ kind }) => kind === 'ping' || kind === 'pong');
    expect(chain.map(({ details }) => details.get('depth'))).toEqual(
      Array.from({ length: 16 }, (_, at) => String(at + 1)),
    );
  });

  it('that sets itself off by what it runs is let be, and the supervisor goes on', async () => {
    await using supervisor = await TestSupervisor.start({ rules: { 'bomb.lua': 'on { run = "true" }' } });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    await supervisor.ask('StartDaemon,sleep 1000,@label=go');
    await untilTold(client, ({ details }) => details.get('what') === 'suspended');
    const [row = ''] = await supervisor.ask('Rules');
    expect(row).toMatch(/^Rule,bomb\.lua,line 1,\d+,bomb\.lua:1: run: more than 100 starts.*,suspended$/);
    const [started] = toldAmong(await supervisor.ask('Events,true,@kind=exited,@last=1'));
    expect(started?.details.get('rule')).toBe('bomb.lua: line 1');
  });
});
