import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { stateOf } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';

/** A shell that ends with 3 at a signal, and has said that it is ready for that. */
const command = (signal: string): string =>
  `"sh -c 'trap ""exit 3"" ${signal}; echo armed; while :; do sleep 1000 & wait; done'"`;

let supervisor: TestSupervisor;
beforeAll(async () => {
  supervisor = await TestSupervisor.start();
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

/** Starts it as what a signal stops; returns its pid once it is ready for that. */
async function start(label: string, signal: string, trapped = signal): Promise<number> {
  const request = `StartDaemon,${command(trapped)},@label=${label}`;
  const [answer = ''] = await supervisor.ask(`${request},@stop-signal=${signal}`);
  await untilFile(path.join(supervisor.folder, 'state/log', `${label}.log`), (text) => text === 'armed\n');
  return Number(answer.split(',')[2]);
}

/** As by Ctrl-Z or by a debugger. */
async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await expect.poll(() => stateOf(pid)).toBe('T');
}

describe('a stop of what stands still', () => {
  it.each(['TERM', 'CONT'])('sets it going behind SIG%s, so that it ends as it likes', async (signal) => {
    const label = `halted-${signal}`;
    await halt(await start(label, signal));
    expect(await supervisor.ask(`StopDaemon,${label}`)).toEqual(['Ok']);
    expect(await supervisor.ask(`Wait,${label}`)).toEqual(['ExitStatus,3']);
  });

  it('kills it where it is to be killed', async () => {
    await halt(await start('killed', 'KILL', 'TERM'));
    expect(await supervisor.ask('StopDaemon,killed')).toEqual(['Ok']);
    expect(await supervisor.ask('Wait,killed')).toEqual(['ExitStatus,137']);
  });
});

describe('a daemon that nobody knows any more how to make', () => {
  it('goes on, and has failed when it ends, whatever its policy', async () => {
    await using own = await TestSupervisor.start();
    const [answer = ''] = await own.ask('StartDaemon,sleep 1000,@label=foundling,@restart=always');
    const pid = answer.split(',')[2] ?? '';
    await own.killDeciding(() => {
      for (const journal of ['journal', 'state/journal']) {
        rmSync(path.join(own.folder, journal), { recursive: true, force: true });
      }
    });
    expect(await own.ask('List')).toEqual([
      expect.stringMatching(`^Unit,foundling,running,${pid},`) as string,
      'Ok,1',
    ]);
    process.kill(Number(pid), 'SIGTERM');
    expect(await own.ask('Wait,foundling,@for=failed')).toEqual(['Ok']);
    expect(await own.ask('Events,foundling,@last=1')).toEqual([
      expect.stringMatching(/,failed,reason=cannot-spawn/) as string,
      'Ok,1',
    ]);
    const why = 'how foundling is made is not known any more; forget it and start it anew';
    expect(await own.ask('Start,foundling')).toEqual([
      `Failed,foundling,${why},exec-failed`,
      `Error,"${why}",exec-failed,request,ENODATA`,
    ]);
    expect(await own.ask('Forget,foundling')).toEqual(['Ok,1']);
  });
});
