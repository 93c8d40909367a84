import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineBuffer, LINE_TYPES } from '../../src/journal/line.ts';
import { ROOT, TestSupervisor, type SupervisorOptions } from '../support/supervisor.ts';
import { Folder } from '../native/support.ts';

/** Something that was remembered, is whole by its checksum, and cannot be understood. */
function poison(): Buffer {
  const value = {
    restart: { policy: 'no' },
    stop: { signal: 15 },
    launch: { words: ['x'], env: [5], cwd: '/' },
  };
  const lines = new LineBuffer();
  lines.add(LINE_TYPES.value, `1700000000000000000 ${JSON.stringify(['unit', 'poison', value])}`);
  return lines.bytes();
}

/** What is needed for archond to have a vice: it has it while the file of that name is in `vices`. */
function withVices(vices: string): SupervisorOptions {
  const preload = path.join(ROOT, 'test/support/preload.cjs');
  return { env: { NODE_OPTIONS: `--require=${preload}`, TEST_VICES: vices } };
}

/** The supervisor's own events: what each says. */
async function told(supervisor: TestSupervisor): Promise<string[]> {
  const lines = await supervisor.ask('Events');
  return lines
    .filter((line) => line.split(',')[3] === '' && line.startsWith('Event,'))
    .map((line) => line.split(',').slice(5).join(' '));
}

async function pidOf(supervisor: TestSupervisor, label: string): Promise<string> {
  const line = (await supervisor.ask('List')).find((some) => some.split(',')[1] === label);
  return line?.split(',')[3] ?? '';
}

describe('an archond that hangs', () => {
  it(
    'is killed after half a minute, stopped or busy with nothing; its daemons live on',
    { timeout: 180_000 },
    async () => {
      await using vices = await Folder.make();
      await using hanging = await TestSupervisor.start(withVices(vices.path));
      await using stopped = await TestSupervisor.start();
      await using debugged = await TestSupervisor.start({ args: ['--debug'] });
      const both = [hanging, stopped];
      for (const supervisor of both) await supervisor.ask('StartDaemon,sleep 1000,@label=lives');
      const pids = await Promise.all(both.map(async (supervisor) => pidOf(supervisor, 'lives')));
      const sleeper = await debugged.decidingPid();
      process.kill(sleeper, 'SIGSTOP');

      process.kill(await stopped.decidingPid(), 'SIGSTOP');
      await writeFile(vices.file('hang'), '');
      await Promise.all(both.map(async (supervisor) => supervisor.untilReady(2)));

      for (const supervisor of both) {
        expect(await told(supervisor)).toContainEqual(
          expect.stringMatching(/^what=started epoch=2 silent=1$/),
        );
        expect(supervisor.log).toContain('archond says nothing any more: it is killed');
      }
      expect(await Promise.all(both.map(async (supervisor) => pidOf(supervisor, 'lives')))).toEqual(pids);
      process.kill(sleeper, 'SIGCONT');
      expect(await debugged.decidingPid()).toBe(sleeper);
      expect(debugged.readyCount).toBe(1);
    },
  );
});

describe('an archond that does not come up', () => {
  it(
    'for what its journal got last, sets that aside, names it, and adopts what runs',
    { timeout: 60_000 },
    async () => {
      await using supervisor = await TestSupervisor.start();
      await supervisor.ask('StartDaemon,sleep 1000,@label=lives');
      const pid = await pidOf(supervisor, 'lives');
      const journal = path.join(supervisor.folder, 'state/journal');
      await writeFile(`${journal}/0000000001.journal`, poison(), { flag: 'a' });

      await supervisor.killDeciding();

      const events = await told(supervisor);
      expect(events).toContainEqual(`what=set-aside file=${journal}/0000000001.set-aside`);
      expect(events).toContainEqual(expect.stringMatching(/^what=started epoch=7 code=70$/));
      expect(events).toContainEqual(expect.stringMatching(/^what=safe cause=\d+$/));
      expect(await pidOf(supervisor, 'lives')).toBe(pid);
      expect(await supervisor.ask('StartDaemon,sleep 1000,@label=more')).toEqual([
        expect.stringMatching(/^Ok,more,/),
      ]);

      await supervisor.killDeciding();

      const later = await told(supervisor);
      expect(later.filter((line) => line.startsWith('what=set-aside'))).toHaveLength(1);
      expect(later.filter((line) => line.startsWith('what=safe'))).toHaveLength(2);
      expect((await supervisor.ask('List')).at(-1)).toBe('Ok,2');
    },
  );

  it(
    'for another reason is safe until it is started anew in order, and as usual then',
    { timeout: 60_000 },
    async () => {
      await using vices = await Folder.make();
      await using supervisor = await TestSupervisor.start(withVices(vices.path));
      await writeFile(vices.file('break'), '');
      process.kill(await supervisor.decidingPid(), 'SIGKILL');
      await supervisor.untilLog((log) => log.includes('it is started with --safe'), 'safe mode');
      await rm(vices.file('break'));
      await supervisor.untilReady(2);
      expect(await told(supervisor)).toContainEqual(expect.stringMatching(/^what=safe/));
      expect((await supervisor.ask('Dump,state'))[0]).toContain('""mode"":""safe""');
      await supervisor.ask('Shutdown');
      await supervisor.ended();
      await using next = await supervisor.again();
      expect((await next.ask('Dump,state'))[0]).toContain('""mode"":""normal"",""journal"":[""well""]');
      const all = await told(next);
      expect(all.slice(all.findLastIndex((line) => line.startsWith('what=started')))).not.toContainEqual(
        expect.stringMatching(/^what=safe/),
      );
    },
  );

  it(
    'comes up in safe mode with a configuration that is wrong, and without --safe does not',
    { timeout: 60_000 },
    async () => {
      const config = 'version: 1\nunits:\n  web: { nonsense: 1 }\n';
      await expect(TestSupervisor.start({ config })).rejects.toThrow(/nonsense/);
      await using supervisor = await TestSupervisor.start({ config, args: ['--safe'] });
      expect(supervisor.log).toContain('nonsense');
      expect(await supervisor.ask('List')).toEqual(['Ok,0']);
    },
  );
});
