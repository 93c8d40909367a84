import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { environmentOf } from '../../support/processes.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { toldAmong } from '../../support/told.ts';
import { untilLoaded } from '../rules/watching.ts';
import { freePort } from './ports-rig.ts';
import { configOf } from './servers.ts';

/** Lets in who has `welcome` in its command line. */
const RULE = `on { kind = "port", label = "owner", run = function(e)
  if e.what == "asked" and e.command:find("welcome", 1, true) then port(e.name) end
end }
on { kind = "port", label = "owner", where = function(e) return e.what == "asked" end, run = function(e) note(e.name .. " for " .. math.tointeger(e.pid)) end }`;

/** Binds, and ends: `bound`, or the name of the error. */
async function binds(port: number, env: Readonly<Record<string, string>>, word: string): Promise<string> {
  const text = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => { console.log('bound'); process.exit(); }).on('error', (e) => console.log(e.code))`;
  const child = spawn(process.execPath, ['-e', text, word], { env: { ...process.env, ...env } });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  await once(child, 'close');
  return said.trim();
}

describe('a process that was not started here', () => {
  test('gets the port of a unit where a rule of kind port lets it, and only there', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: configOf({
        owner: { command: ['sleep', '1000'], ports: { main: { port, pass: 'bind' } } },
      }),
      rules: { 'a.lua': RULE },
    });
    await untilLoaded(archon);
    const line = (await archon.ask('Status,owner')).find((one) => one.startsWith('Field,pid,'));
    const environment = environmentOf(Number(line?.split(',')[2]));
    const env = {
      LD_PRELOAD: environment.get('LD_PRELOAD') ?? '',
      ARCHON_BIND: environment.get('ARCHON_BIND') ?? '',
    };
    expect(await binds(port, env, 'welcome')).toBe('bound');
    expect(await binds(port, env, 'anybody')).toBe('EADDRINUSE');
    const told = toldAmong(await archon.ask('Events,owner,@kind=port'));
    expect(told.map(({ details }) => details.get('what')).filter((what) => what !== 'bound')).toEqual([
      'asked',
      'asked',
      'denied',
    ]);
  });
});
