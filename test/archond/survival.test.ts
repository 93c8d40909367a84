import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { isAlive, leadsSession, processesWith, startTicksOf } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';

const DAEMONS = 100;
const ROUNDS = 200;

/** A shell that says when it is ready to be asked, and ends so when it is. */
function command(then: string): string {
  const script = `trap "${then}" TERM; echo armed; while :; do sleep 1000 & wait; done`;
  return `"sh -c '${script.replaceAll('"', '""')}'"`;
}

interface Known {
  readonly pid: number;
  readonly startTicks: string | undefined;
}

/** A daemon that ends with `code` when it gets SIGTERM, ready to get it. */
async function start(supervisor: TestSupervisor, label: string, code: number, life: number): Promise<Known> {
  const [answer = ''] = await supervisor.ask(`StartDaemon,${command(`exit ${code}`)},@label=${label}`);
  const [ok, named, pid] = answer.split(',');
  expect([ok, named]).toEqual(['Ok', label]);
  await untilFile(logOf(supervisor, label), (text) => text === 'armed\n'.repeat(life));
  return { pid: Number(pid), startTicks: startTicksOf(Number(pid)) };
}

function logOf(supervisor: TestSupervisor, label: string): string {
  return path.join(supervisor.folder, 'state/log', `${label}.log`);
}

/** `List`, by label: state, pid, last exit. */
async function list(supervisor: TestSupervisor): Promise<Map<string, readonly [string, string, string]>> {
  const lines = await supervisor.ask('List');
  expect(lines.at(-1)).toBe(`Ok,${DAEMONS}`);
  const units = lines.slice(0, -1).map((line) => line.split(','));
  return new Map(
    units.map(([, label = '', state = '', pid = '', , , , , exit = '']) => [label, [state, pid, exit]]),
  );
}

describe('the death of the deciding part', () => {
  const title = `leaves ${DAEMONS} daemons alive and known, and loses no exit, ${ROUNDS} times in a row`;
  it(title, { timeout: 900_000 }, async () => {
    await using supervisor = await TestSupervisor.start();
    const known = new Map<string, Known>();
    const codeOf = (number: number): number => 1 + number;
    for (let number = 0; number < DAEMONS; number += 1) {
      known.set(`d${number}`, await start(supervisor, `d${number}`, codeOf(number), 1));
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      const number = round % DAEMONS;
      const label = `d${number}`;
      const victim = known.get(label)?.pid ?? 0;

      await supervisor.killDeciding(() => process.kill(victim, 'SIGTERM'));

      /* It may end a moment after the successor is up: what is down is answered at once, what is up when it ends. */
      expect(await supervisor.ask(`Wait,${label}`)).toEqual([`ExitStatus,${codeOf(number)}`]);
      const units = await list(supervisor);
      const found = [label, ...(units.get(label) ?? [])];
      const story = found[1] === 'failed' ? '' : (await supervisor.ask(`Events,${label}`)).join('\n');
      expect(found, `${story}\n${supervisor.log}`).toEqual([label, 'failed', '', `code:${codeOf(number)}`]);
      for (const [other, { pid, startTicks }] of known) {
        if (other === label) continue;
        expect([other, ...(units.get(other) ?? [])]).toEqual([other, 'running', String(pid), '']);
        expect([other, startTicksOf(pid)]).toEqual([other, startTicks]);
      }
      known.set(label, await start(supervisor, label, codeOf(number), 2 + Math.floor(round / DAEMONS)));
    }
    /* What was started leads a session: there are these and no others, so none was started twice. */
    const started = processesWith('ARCHON_SOCKET', supervisor.socket).filter(
      (pid) => isAlive(pid) && leadsSession(pid),
    );
    expect(new Set(started)).toEqual(new Set([...known.values()].map(({ pid }) => pid)));
  });

  it('leaves a Run going on, to be collected by Wait', async () => {
    await using supervisor = await TestSupervisor.start();
    const lost = supervisor.ask(`Run,${command('exit 9')},@label=lost`);
    await untilFile(logOf(supervisor, 'lost'), (text) => text === 'armed\n');
    await supervisor.killDeciding();
    expect(await lost).toEqual([]);
    const waiting = supervisor.ask('Wait,lost');
    expect(await supervisor.ask('Signal,TERM,lost')).toEqual(['Ok,1']);
    expect(await waiting).toEqual(['ExitStatus,9']);
    expect(await supervisor.ask('List')).toEqual(['Ok,0']);
  });

  it('loses nothing of what a daemon writes meanwhile', async () => {
    await using supervisor = await TestSupervisor.start();
    const [answer = ''] = await supervisor.ask(
      `StartDaemon,${command('echo meanwhile; exit 0')},@label=talker`,
    );
    await untilFile(logOf(supervisor, 'talker'), (text) => text === 'armed\n');
    await supervisor.killDeciding(() => process.kill(Number(answer.split(',')[2]), 'SIGTERM'));
    expect(await supervisor.ask('Wait,talker')).toEqual(['ExitStatus,0']);
    expect(await untilFile(logOf(supervisor, 'talker'), () => true)).toBe('armed\nmeanwhile\n');
  });
});
