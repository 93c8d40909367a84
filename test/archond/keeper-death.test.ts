import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENTRY, TABLE } from '../../src/sys/keeper-layout.ts';
import { BackgroundSupervisor } from '../support/background.ts';
import { canMakeCgroups } from '../support/cgroups.ts';
import { contentOf, untilFile } from '../support/files.ts';
import { isAlive, processesWith, startTicksOf } from '../support/processes.ts';
import { ORDINARY_UID, TestSupervisor, type SupervisorOptions } from '../support/supervisor.ts';

/** Where the entries of the table begin. */
const TABLE_ENTRIES_AT = 4096;
const BOOT_ID_AT = 72;

interface Daemon {
  readonly label: string;
  readonly pid: number;
  readonly startTicks: string | undefined;
  /** Where it takes note itself of its starts and ends. */
  readonly file: string;
}

/** Starts a daemon that ends with `code` at SIGTERM, takes note of all that, and leaves a child behind. */
async function start(supervisor: TestSupervisor, label: string, code: number): Promise<Daemon> {
  const out = path.join(supervisor.folder, 'out');
  await mkdir(out, { recursive: true });
  await chmod(out, 0o777);
  const file = path.join(out, label);
  const script = `trap "echo end >> ${file}; exit ${code}" TERM; sleep 1000 & echo start >> ${file}; while :; do wait; done`;
  const words = `"sh -c '${script.replaceAll('"', '""')}'"`;
  const [answer = ''] = await supervisor.ask(`StartDaemon,${words},@label=${label}`);
  const pid = Number(answer.split(',')[2]);
  await untilFile(file, (text) => text === 'start\n');
  return { label, pid, startTicks: startTicksOf(pid), file };
}

/** `List`, by label: state, pid, last exit. */
async function list(supervisor: TestSupervisor): Promise<Record<string, readonly string[]>> {
  const lines = (await supervisor.ask('List')).slice(0, -1).map((line) => line.split(','));
  return Object.fromEntries(
    lines.map(([, label = '', state = '', pid = '', , , , , exit = '']) => [label, [state, pid, exit]]),
  );
}

/** The events of one kind of a unit. */
async function told(supervisor: TestSupervisor, label: string, kind: string): Promise<string[]> {
  return (await supervisor.ask(`Events,${label}`)).filter((line) => line.split(',')[4] === kind);
}

/** What the events say of the ends of a unit. */
async function exits(supervisor: TestSupervisor, label: string): Promise<(string | undefined)[]> {
  const events = await told(supervisor, label, 'exited');
  return events.map((line) => /(code|signal|unknown)=[^,]*/.exec(line)?.[0]);
}

/** All processes that were started by the supervisor in this folder, without those of the supervisor itself. */
function processesOf(supervisor: TestSupervisor): number[] {
  return processesWith('ARCHON_SOCKET', supervisor.socket).filter(isAlive);
}

function tableOf(supervisor: TestSupervisor): string {
  return path.join(supervisor.folder, 'table');
}

/** Reads or writes bytes of the table of a supervisor that is dead. */
function edit(supervisor: TestSupervisor, at: number, bytes: Uint8Array): void {
  const file = openSync(tableOf(supervisor), 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

function peek(supervisor: TestSupervisor, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const file = openSync(tableOf(supervisor), 'r');
  readSync(file, bytes, 0, length, at);
  closeSync(file);
  return bytes;
}

async function allDead(options: SupervisorOptions): Promise<void> {
  const first = await TestSupervisor.start(options);
  const [stays, ends, late] = [
    await start(first, 'stays', 1),
    await start(first, 'ends', 2),
    await start(first, 'late', 3),
  ] as const;
  await start(first, 'gone', 4);
  expect(await first.ask('Signal,TERM,gone', 'Wait,gone')).toContain('ExitStatus,4');
  await first.killAll();
  process.kill(ends.pid, 'SIGTERM');
  await untilFile(ends.file, (text) => text === 'start\nend\n');
  await expect.poll(() => isAlive(ends.pid), { interval: 5 }).toBe(false);

  await using next = await first.again();
  expect(next.log).toContain('took over from keeper');
  expect(await next.ask('Wait,ends,@for=failed')).toEqual(['Ok']);
  const units = await list(next);
  expect(units['stays']).toEqual(['running', String(stays.pid), '']);
  expect(units['late']).toEqual(['running', String(late.pid), '']);
  expect(units['gone']).toEqual(['failed', '', 'code:4']);
  expect(units['ends']?.[2]).toMatch(/^(code:2|unknown)$/);
  expect([startTicksOf(stays.pid), startTicksOf(late.pid)]).toEqual([stays.startTicks, late.startTicks]);

  /* The end of one that is nobody's child here is told with its code where the kernel or a minder has it. */
  expect(await next.ask('Signal,TERM,late')).toEqual(['Ok,1']);
  expect((await next.ask('Wait,late'))[0]).toMatch(/^ExitStatus,3$|,unknown$/);
  expect(await next.ask('Wait,late,@for=failed')).toEqual(['Ok']);
  for (const label of ['ends', 'late', 'gone']) expect(await exits(next, label)).toHaveLength(1);
  expect(await exits(next, 'gone')).toEqual(['code=4']);
  expect(await exits(next, 'stays')).toEqual([]);
  const ofStays = processesOf(next);
  expect(ofStays).toContain(stays.pid);
  expect(ofStays).toHaveLength(2);

  /* Numbers go on, and what was adopted is stopped and started as anything else. */
  expect(await next.ask('Restart,stays')).toEqual(['Done,stays,running', 'Ok,1']);
  expect((await told(next, 'stays', 'starting')).at(-1)).toContain('generation=5');
  await untilFile(stays.file, (text) => text === 'start\nend\nstart\n');
  expect(isAlive(stays.pid)).toBe(false);
  expect(contentOf(late.file)).toBe('start\nend\n');
  expect(await next.ask('StopDaemon,stays')).toEqual(['Ok']);
  expect(processesOf(next)).toEqual([]);
}

describe('the death of keeper and archond', () => {
  it('loses no daemon and no end, in trees that minders keep', { timeout: 60_000 }, async () => {
    await allDead({ tree: 'minder' });
  });

  it.runIf(canMakeCgroups())('loses none in cgroups', { timeout: 60_000 }, async () => {
    await allDead({ tree: 'cgroup' });
  });

  it.runIf(process.getuid?.() === 0)('loses none of an ordinary user', { timeout: 60_000 }, async () => {
    await allDead({ tree: 'minder', uid: ORDINARY_UID });
  });

  it('loses nothing of what a daemon writes that lives', { timeout: 60_000 }, async () => {
    const first = await TestSupervisor.start();
    const script = `trap "echo told; echo wrong >&2" USR1; trap "exit 0" TERM; echo armed; while :; do sleep 1000 & wait; done`;
    const words = `"sh -c '${script.replaceAll('"', '""')}'"`;
    const [answer = ''] = await first.ask(`StartDaemon,${words},@label=talker`);
    const log = path.join(first.folder, 'state/log/talker.log');
    await untilFile(log, (text) => text === 'armed\n');
    await first.killAll();
    process.kill(Number(answer.split(',')[2]), 'SIGUSR1');
    await using next = await first.again();
    await untilFile(log, (text) => text === 'armed\ntold\nwrong\n');
    expect(next.log).not.toContain('is lost');
    expect(await next.ask('StopDaemon,talker')).toEqual(['Ok']);
    expect(contentOf(log)).toBe('armed\ntold\nwrong\n');
  });

  it('tells once of output that cannot be had again, and why', { timeout: 60_000 }, async () => {
    const first = await TestSupervisor.start();
    const file = path.join(first.folder, 'out');
    const script = `exec > /dev/null 2>&1; echo there > ${file}; exec sleep 1000`;
    await first.ask(`StartDaemon,"sh -c '${script}'",@label=turned`);
    await untilFile(file, (text) => text === 'there\n');
    await first.killAll();
    await using next = await first.again();
    const lost = await told(next, 'turned', 'lost');
    const started = (await next.ask('Events,@kind=supervisor')).filter((line) =>
      line.includes('what=started'),
    );
    const [, sequence = ''] = (started.at(-1) ?? '').split(',');
    expect(lost.map((line) => line.split(',').slice(4).join())).toEqual([
      expect.stringMatching(`^lost,pid=\\d+,generation=1,what=output,cause=${sequence}$`),
    ]);
    await next.killDeciding();
    expect(await told(next, 'turned', 'lost')).toEqual(lost);
    expect((await list(next))['turned']?.[0]).toBe('running');
  });

  it('again and again starts nothing twice', { timeout: 120_000 }, async () => {
    let supervisor = await TestSupervisor.start();
    const daemons = [await start(supervisor, 'one', 1), await start(supervisor, 'two', 2)];
    for (let round = 0; round < 5; round += 1) {
      await supervisor.killAll();
      supervisor = await supervisor.again();
    }
    await using last = supervisor;
    const units = await list(last);
    for (const { label, pid, file } of daemons) {
      expect(units[label]).toEqual(['running', String(pid), '']);
      expect(contentOf(file)).toBe('start\n');
    }
  });

  it(
    'with a minder that dies meanwhile is the end of its tree, as with a keeper that lives',
    { timeout: 60_000 },
    async () => {
      const first = await TestSupervisor.start({ tree: 'minder' });
      const daemon = await start(first, 'bereft', 1);
      const minder = peek(first, TABLE_ENTRIES_AT + ENTRY.minderPid, 4).readUInt32LE();
      await first.killAll();
      process.kill(minder, 'SIGKILL');
      await using next = await first.again();
      expect(await next.ask('Wait,bereft,@for=failed')).toEqual(['Ok']);
      expect(processesOf(next)).toEqual([]);
      expect((await exits(next, 'bereft'))[0]).toMatch(/^(signal=SIGKILL|unknown=1)$/);
      expect(contentOf(daemon.file)).toBe('start\n');
    },
  );
});

function tryToRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** Removes the cgroups of a supervisor that nobody knows any more; their processes are gone. */
async function removeTrees(root: string): Promise<void> {
  if (root === '' || !existsSync(root)) return;
  for (const { name } of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    /* A process that has ended may still be on its way out of it. */
    await expect.poll(() => tryToRemove(path.join(root, name)), { interval: 5 }).toBe(true);
  rmdirSync(root);
}

describe('the death of the keeper alone', () => {
  it(
    'in the background is outlived by archond, which becomes the next one, without a byte lost',
    { timeout: 60_000 },
    async () => {
      await using archon = await BackgroundSupervisor.start();
      const out = path.join(archon.folder, 'out');
      await mkdir(out);
      const file = path.join(out, 'count');
      const script = `trap "echo last; exit 7" TERM; i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; echo > ${file}; while :; do sleep 1000 & wait; done`;
      const words = `"sh -c '${script.replaceAll('"', '""')}'"`;
      const [answer = ''] = await archon.ask(`StartDaemon,${words},@label=counts`);
      const pid = Number(answer.split(',')[2]);
      for (let round = 1; round <= 3; round += 1) {
        await archon.killKeeper();
        expect((await archon.ask('Events')).join('\n')).toContain(`epoch=${round + 1}`);
        expect((await archon.ask('List'))[0]).toContain(`counts,running,${pid},`);
      }
      await untilFile(file, (text) => text !== '');
      expect(await archon.ask('Signal,TERM,counts')).toEqual(['Ok,1']);
      expect((await archon.ask('Wait,counts'))[0]).toMatch(/^ExitStatus,7$|,unknown$/);
      const lines = Array.from({ length: 2000 }, (_, number) => `${number}\n`).join('');
      expect(contentOf(path.join(archon.folder, 'state/log/counts.log'))).toBe(`${lines}last\n`);
    },
  );

  it(
    'in the foreground leaves ten seconds to whoever looks after it, and is not answered for',
    { timeout: 60_000 },
    async () => {
      const first = await TestSupervisor.start();
      const daemon = await start(first, 'kept', 1);
      const archond = await first.decidingPid();
      await first.killKeeper();
      /* It has not ended, and does nothing but wait. */
      await first.untilLog((log) => log.includes('the keeper is gone'), 'news of the keeper');
      expect(isAlive(archond)).toBe(true);
      await using next = await first.again();
      expect(isAlive(archond)).toBe(false);
      expect((await list(next))['kept']).toEqual(['running', String(daemon.pid), '']);
      expect(contentOf(daemon.file)).toBe('start\n');
    },
  );

  it(
    'in the foreground leaves what was deposited to the next one, also where its own process has let go of it',
    { timeout: 60_000 },
    async () => {
      const first = await TestSupervisor.start();
      const file = path.join(first.folder, 'out');
      const script = `{ read line < ${file}; echo "late $line"; } & exec > /dev/null 2>&1; exec sleep 1000`;
      spawnSync('mkfifo', [file]);
      await first.ask(`StartDaemon,"sh -c '${script.replaceAll('"', '""')}'",@label=turned`);
      await first.killKeeper();
      await using next = await first.again();
      expect(next.log).toMatch(/keeper: \d+ descriptors were handed over by the archond before/);
      writeFileSync(file, 'word\n');
      await untilFile(path.join(next.folder, 'state/log/turned.log'), (text) => text === 'late word\n');
      expect(await told(next, 'turned', 'lost')).toEqual([]);
      expect(readdirSync(next.folder)).not.toContain('bequest');
    },
  );
});

describe('a table that was found', () => {
  it('never makes a stranger of the same pid its own', { timeout: 60_000 }, async () => {
    const first = await TestSupervisor.start();
    const daemon = await start(first, 'other', 1);
    await first.killAll();
    const stranger = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = Buffer.alloc(4);
    pid.writeUInt32LE(stranger.pid ?? 0);
    edit(first, TABLE_ENTRIES_AT + ENTRY.pid, pid);
    process.kill(daemon.pid, 'SIGKILL');
    await expect.poll(() => isAlive(daemon.pid), { interval: 5 }).toBe(false);
    {
      await using next = await first.again();
      const units = await list(next);
      /* Its minder, where it has one, knows better than the table how it ended. */
      expect(units['other']?.[2]).toMatch(/^(unknown|signal:SIGKILL)$/);
      expect(await next.ask('Stop,other')).toEqual(['Done,other,stopped', 'Ok,1']);
      expect(processesOf(next)).toEqual([]);
    }
    expect(isAlive(stranger.pid ?? 0)).toBe(true);
    stranger.kill('SIGKILL');
  });

  const spoilt: readonly (readonly [string, string, (supervisor: TestSupervisor) => void])[] = [
    [
      'of another boot',
      'is of another boot',
      (dead) => edit(dead, BOOT_ID_AT, Buffer.from('00000000-0000-4000-8000-000000000000')),
    ],
    ['that is cut short', 'is cut short', (dead) => truncateSync(tableOf(dead), 100_000)],
    ['that is empty', 'is cut short', (dead) => truncateSync(tableOf(dead), 0)],
    ['that is no table', 'is none', (dead) => edit(dead, 0, Buffer.from('nonsense'))],
    ['of another version', 'is of another version', (dead) => edit(dead, TABLE.version, Buffer.from([99]))],
    [
      'with a state that there is not',
      'is damaged',
      (dead) => edit(dead, TABLE_ENTRIES_AT + ENTRY.stateWord, Buffer.from([9])),
    ],
    [
      'with a generation that was never given',
      'is damaged',
      (dead) => edit(dead, TABLE_ENTRIES_AT + ENTRY.stateWord + 1, Buffer.from([0xff, 0xff])),
    ],
  ];
  it.each(spoilt)(
    '%s is set aside, and nothing of it is touched',
    { timeout: 60_000 },
    async (_, said, spoil) => {
      const config = 'units:\n  enabled:\n    command: sleep 1000\n    enabled: true\n';
      const first = await TestSupervisor.start({ config });
      await first.ask('Wait,enabled,@for=running');
      const daemon = await start(first, 'left', 1);
      const cgroup = peek(first, TABLE.cgroupRoot, TABLE.CGROUP_ROOT_BYTES).toString().replace(/\0.*$/s, '');
      await first.killAll();
      const before = processesOf(first);
      const killLeft = async (): Promise<void> => {
        for (const pid of before.filter(isAlive)) process.kill(pid, 'SIGKILL');
        await expect.poll(() => before.filter(isAlive), { interval: 5 }).toEqual([]);
      };
      spoil(first);
      try {
        await using next = await first.again();
        expect(next.log).toContain(`the table that was found ${said}`);
        expect(existsSync(`${tableOf(next)}.aside`)).toBe(true);
        /* What is enabled begins anew; what nobody knows any more is left alone. */
        expect(await next.ask('Wait,enabled,@for=running')).toEqual(['Ok']);
        expect(before.filter(isAlive)).toEqual(before);
        expect(contentOf(daemon.file)).toBe('start\n');
        await killLeft();
      } finally {
        await killLeft();
        await removeTrees(cgroup);
      }
    },
  );
});
