import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { MAX_REQUESTS_IN_FLIGHT } from '../../src/protocol/limits.ts';
import { TestSupervisor } from '../support/supervisor.ts';

const ANSWER = `Ok,archon,${VERSION},1`;

let supervisor: TestSupervisor;

beforeAll(async () => {
  supervisor = await TestSupervisor.start();
});

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
});

const ask = async (...lines: readonly string[]): Promise<string[]> => supervisor.ask(...lines);

/** What is wrong in the log: a request or a step that threw. */
function faults(): string[] {
  return supervisor.log.split('\n').filter((line) => line.includes('"level":50'));
}

describe('every request is answered once', () => {
  it('however many wait behind one that takes its time', async () => {
    for (const count of [
      MAX_REQUESTS_IN_FLIGHT - 2,
      MAX_REQUESTS_IN_FLIGHT - 1,
      3 * MAX_REQUESTS_IN_FLIGHT,
    ]) {
      const behind = Array.from({ length: count }, (_, at) => (at % 7 === 3 ? 'Nosuch' : 'Version'));
      const [first, ...rest] = await ask('Run,sleep 0.05', ...behind);
      expect(first).toBe('ExitStatus,0');
      expect(rest.map((line) => (line.startsWith('Error,') ? 'Nosuch' : line))).toEqual(
        behind.map((line) => (line === 'Nosuch' ? line : ANSWER)),
      );
    }
    expect(faults()).toEqual([]);
  });

  it('by what is so, not by what a unit seems to be that is about to start', async () => {
    const behind = Array.from({ length: MAX_REQUESTS_IN_FLIGHT - 2 }, () => 'Version');
    const lines = await ask(
      'Run,sleep 0.05',
      'StartDaemon,sleep 1000,@label=ghost',
      ...behind,
      /* Read as soon as the Run is over, which begins the StartDaemon. */
      '#f,Forget,*',
      '#s,StartDaemon,true,@label=ghost',
    );
    expect(lines).toContain('#f,Ok,0');
    expect(lines).toContainEqual(expect.stringMatching(/^#s,Error,ghost is starting,busy$/));
    expect(await ask('Signal,KILL,ghost', 'Wait,ghost', 'Forget,ghost')).toEqual([
      'Ok,1',
      'ExitStatus,137',
      'Ok,1',
    ]);
  });

  it('also where two cancel the same', async () => {
    const lines = await ask('#a,Run,sleep 1000', '#b,Cancel,#a', '#c,Cancel,#a', 'Cancel,#a');
    expect(lines).toEqual(['#a,ExitStatus,143', '#b,Ok', '#c,Ok', 'Ok']);
  });

  it('also where what was waited for is forgotten', async () => {
    await ask('StartDaemon,true,@label=over', 'Wait,over');
    expect(
      await ask('#w,Wait,over,@for=running', '#t,Wait,over,@for=running,@timeout=1d', 'Forget,over'),
    ).toEqual(['Ok,1', '#w,Error,over is no more,not-found', '#t,Error,over is no more,not-found']);
    await ask(`MonitorPid,${process.pid},@label=watched`);
    const watching = await ask('#w,Wait,watched', '#f,Wait,watched,@for=finished', 'Forget,watched');
    expect(watching.sort()).toEqual([
      '#f,Error,watched is no more,not-found',
      '#w,Error,watched is no more,not-found',
      'Ok,1',
    ]);
  });

  it('and what ends while it is waited for has its end told to all that wait', async () => {
    const lines = await ask(
      '#r,Run,sleep 0.2,@label=short',
      '#1,Wait,short',
      '#2,Wait,short',
      '#n,Wait,short,@for=failed',
    );
    expect(lines.sort()).toEqual([
      '#1,ExitStatus,0',
      '#2,ExitStatus,0',
      '#n,Error,short is no more,not-found',
      '#r,ExitStatus,0',
    ]);
  });
});

describe('what is cancelled', () => {
  it('before its command was made never runs, though its user is still looked up', async () => {
    const user = process.getuid?.() ?? 0;
    const lines = await ask(
      `#r,Run,sleep 1000,@label=run,@user=${user}`,
      '#1,Cancel,#r',
      `#k,Run,sleep 1000,@label=kept,@keep=1,@user=${user}`,
      '#2,Cancel,#k',
      `#d,StartDaemon,sleep 1000,@label=daemon,@user=${user}`,
      '#3,Cancel,#d',
    );
    expect(lines).toEqual([
      expect.stringMatching(/^#r,Error,.*,cancelled$/),
      '#1,Ok',
      expect.stringMatching(/^#k,Error,.*,cancelled$/),
      '#2,Ok',
      expect.stringMatching(/^#d,Error,.*,cancelled$/),
      '#3,Ok',
    ]);
    /* One more look-up comes behind those. */
    expect(await ask(`Run,true,@user=${user}`, 'List')).toEqual(['ExitStatus,0', 'Ok,0']);
    expect(await ask('Events,"{run,kept,daemon}"')).toEqual(['Ok,0']);
  });

  it('leaves no daemon behind, where its start was cancelled', async () => {
    const lines = await ask('#d,StartDaemon,sleep 1000,@label=halfway', '#c,Cancel,#d');
    expect(lines[0]).toMatch(/^#d,Error,.*,cancelled$/);
    expect(lines[1]).toBe('#c,Ok');
    /* It may still be on its way down; a Wait is answered when it is there no more. */
    await ask('Wait,halfway,@for=failed');
    expect(await ask('List')).toEqual(['Ok,0']);
  });
});
