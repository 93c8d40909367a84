import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ORDINARY_UID, TestSupervisor } from '../support/supervisor.ts';

const ASK_AS = fileURLToPath(new URL('python/ask_as.py', import.meta.url));
const USER = 2002;
const canShow = process.getuid?.() === 0 && spawnSync('python3', ['--version']).status === 0;

/** What this user is answered, line by line. */
function askAs(uid: number, { socket }: TestSupervisor, ...lines: readonly string[]): string[] {
  const words = ['-B', ASK_AS, socket, String(uid), ...lines];
  return execFileSync('python3', words, { encoding: 'latin1' }).split('\n').slice(0, -1);
}

const admitting = (role: string): string =>
  `access: [{user: ${USER}, role: ${role}}]\nunits:\n  web: {command: sleep 1000}\n`;

describe.skipIf(!canShow)('who is admitted when the supervisor starts (needs root and python3)', () => {
  it('is who the configuration of that start says, with the role that it says', async () => {
    await using first = await TestSupervisor.start({ isOpen: true, config: admitting('control') });
    expect(askAs(USER, first, 'StartDaemon,sleep 1000', 'Stop,web')).toEqual([
      'Ok',
      'Done,web,stopped',
      'Ok,1',
    ]);
    await first.ask('Shutdown');
    await using second = await first.again({ isOpen: true, config: admitting('read') });
    expect(askAs(USER, second, 'Status,nosuch', 'Stop,web', 'Run,true')).toEqual([
      expect.stringMatching(/,not-found$/),
      expect.stringMatching(/^Error,.*,denied$/),
      expect.stringMatching(/^Error,.*,denied$/),
    ]);
    await second.ask('Shutdown');
    await using third = await second.again({
      isOpen: true,
      config: admitting('read').replace('2002', '2003'),
    });
    expect(askAs(USER, third, 'Version')).toEqual([expect.stringMatching(/^Error,.*,denied$/)]);
    expect(askAs(2003, third, 'Version')).toEqual([expect.stringMatching(/^Ok,/)]);
    await third.ask('Shutdown');
    await using last = await third.again({ isOpen: true });
    expect(statSync(last.socket).mode & 0o777).toBe(0o600);
  });

  it('never becomes the user of a supervisor that is not root: nothing is run at all', async () => {
    await using supervisor = await TestSupervisor.start({
      isOpen: true,
      config: admitting('control'),
      uid: ORDINARY_UID,
    });
    const proof = path.join(supervisor.folder, 'proof');
    const [run, daemon, stop] = askAs(
      USER,
      supervisor,
      `Run,touch ${proof}`,
      `StartDaemon,touch ${proof}`,
      'Stop,web',
    );
    expect([run, daemon]).toEqual(Array(2).fill(expect.stringMatching(/,exec-failed,user,EPERM$/)));
    expect(stop).toBe('Done,web,stopped');
    expect(statSync(proof, { throwIfNoEntry: false })).toBe(undefined);
  });

  it('is warned of where not everybody may pass the folders above the socket', async () => {
    await using closed = await TestSupervisor.start({ config: admitting('read') });
    expect(closed.log).toContain(`"not passed by all":"${closed.folder}"`);
    await closed.ask('Shutdown');
    await using open = await closed.again({ config: admitting('read'), isOpen: true });
    expect(open.log).not.toContain('not passed by all');
  });
});
