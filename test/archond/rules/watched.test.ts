import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong } from '../../support/told.ts';
import { follow, notes, untilLoaded, untilTold } from './watching.ts';

describe('processes that were not started here', () => {
  it('become units where a file wants them watched, and rules may go by path and command line', async () => {
    /* No other process of the machine is called so. */
    const seconds = `${4000 + (process.pid % 1000)}.25`;
    const pattern = seconds.replace('.', '%.');
    const rules = {
      'a.lua': `watch_process { name = "stranger", command = "^sleep ${pattern}$" }
on { label = "stranger*", kind = "exited", exe = "^/.*/[^/]+$", command = "sleep ${pattern}", run = function(e)
  note(e.label .. " died of " .. e.signal)
end }`,
      'b.lua': 'watch_process { name = "x", exe = "[" }',
    };
    await using supervisor = await TestSupervisor.start({ rules });
    await untilLoaded(supervisor);
    using client = await follow(supervisor);
    /* One that was started here is no stranger. */
    await supervisor.ask(`StartDaemon,sleep ${seconds},@label=ours`);
    const strangers = [spawn('sleep', [seconds]), spawn('sleep', [seconds])];
    const pids = strangers.map(({ pid }) => String(pid));
    for (const pid of pids)
      await untilTold(
        client,
        ({ label, kind, details }) =>
          label.startsWith('stranger') && kind === 'running' && details.get('pid') === pid,
      );
    await supervisor.killDeciding();
    await untilLoaded(supervisor, 2);
    using again = await follow(supervisor);
    for (const stranger of strangers) {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
    }
    for (const label of ['stranger', 'stranger-2'])
      await untilTold(again, (event) => event.label === label && event.kind === 'note');

    expect((await notes(supervisor)).sort()).toEqual([
      'stranger died of SIGKILL',
      'stranger-2 died of SIGKILL',
    ]);
    const told = toldAmong(await supervisor.ask('Events,stranger*,@kind=running'));
    expect(told.map(({ details }) => details.get('rule'))).toEqual(['a.lua', 'a.lua']);
    expect(await supervisor.ask('Rules')).toContain(
      "Rule,b.lua,,0,b.lua:1: malformed pattern (missing ']'),refused",
    );
  });
});
