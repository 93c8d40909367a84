import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SmallDisk } from '../support/small-disk.ts';
import { TestSupervisor } from '../support/supervisor.ts';

const MIB = 1_048_576;

const CONFIG = `
version: 1
units:
  web: { command: sleep 1000, enabled: true }
  quiet: { command: sleep 1000, enabled: true }
  restless: { command: "sleep 0.2", enabled: true, restart: { policy: always, delay: 100ms, limit: none } }
  idle: { command: sleep 1000 }
`;

/** `List`, by label: state and pid. */
async function list(supervisor: TestSupervisor): Promise<Map<string, readonly [state: string, pid: string]>> {
  const lines = (await supervisor.ask('List')).filter((line) => line.startsWith('Unit,'));
  return new Map(
    lines.map((line) => line.split(',')).map(([, label = '', state = '', pid = '']) => [label, [state, pid]]),
  );
}

/** What the events of the supervisor say that are of this kind, `label` or `''` for its own. */
async function told(supervisor: TestSupervisor, label: string, what: string): Promise<string[]> {
  const lines = (await supervisor.ask('Events')).map((line) => line.split(','));
  return lines
    .filter(
      ([record, , , from, kind, said]) => record === 'Event' && from === label && [kind, said].includes(what),
    )
    .map((fields) => fields.slice(5).join(' '));
}

/** Asks for the events until one says so. */
async function untilTold(supervisor: TestSupervisor, what: string, times = 1): Promise<void> {
  while ((await told(supervisor, '', `what=${what}`)).length < times) await supervisor.ask('Version');
}

/** Resolves when the unit has ended once more. */
async function untilEndsAgain(supervisor: TestSupervisor, label: string): Promise<void> {
  const before = (await told(supervisor, label, 'exited')).length;
  while ((await told(supervisor, label, 'exited')).length <= before) await supervisor.ask('Version');
}

/** The numbers of all events: each once and none missing. */
async function expectNoGap(supervisor: TestSupervisor): Promise<void> {
  const lines = (await supervisor.ask('Events')).filter((line) => line.startsWith('Event,'));
  const numbers = lines.map((line) => Number(line.split(',')[1]));
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
}

describe.runIf(SmallDisk.isPossible)('a state folder in need', { timeout: 120_000 }, () => {
  it('that is full: all goes on, is known over a death, and is in the folder when there is room', async () => {
    using disk = SmallDisk.make(2 * MIB);
    const options = { config: CONFIG, args: ['--state', disk.file('state')] };
    await using supervisor = await TestSupervisor.start(options);
    const before = await list(supervisor);
    disk.fill();

    expect(await supervisor.ask('Stop,quiet')).toContainEqual(expect.stringMatching(/^Ok/));
    expect(await supervisor.ask('Enable,idle')).toContainEqual(expect.stringMatching(/^Ok/));
    expect(await supervisor.ask('StartDaemon,sleep 1000,@label=hand')).toEqual([
      expect.stringMatching(/^Ok,hand,/),
    ]);
    expect(await supervisor.ask('StartDaemon,sleep 1000,@label=gone')).toEqual([
      expect.stringMatching(/^Ok,gone,/),
    ]);
    expect(await supervisor.ask('StopDaemon,gone')).toContainEqual(expect.stringMatching(/^Ok/));
    await untilEndsAgain(supervisor, 'restless');
    expect(await told(supervisor, '', 'what=journal-degraded')).toEqual([
      expect.stringContaining('errno=ENOSPC place=runtime'),
    ]);
    expect((await supervisor.ask('Dump,state'))[0]).toContain(
      '""journal"":[""degraded"",""ENOSPC"",""runtime""]',
    );
    const during = await list(supervisor);

    await supervisor.killDeciding();

    const after = await list(supervisor);
    expect(after.get('quiet')).toEqual(['stopped', '']);
    for (const label of ['web', 'hand'])
      expect([label, after.get(label)]).toEqual([label, during.get(label)]);
    expect(after.get('web')).toEqual(before.get('web'));
    await untilEndsAgain(supervisor, 'restless');
    await expectNoGap(supervisor);

    disk.makeRoom();
    await untilTold(supervisor, 'journal-recovered');
    expect(await supervisor.ask('Stop,hand')).toContainEqual(expect.stringMatching(/^Ok/));
    await expectNoGap(supervisor);
    await supervisor.killDeciding();
    const later = await list(supervisor);
    expect(later.get('quiet')).toEqual(['stopped', '']);
    expect(later.get('hand')?.[0]).toBe('stopped');
    expect(later.get('web')).toEqual(before.get('web'));
    await expectNoGap(supervisor);
    await supervisor.ask('Shutdown');
    expect(await supervisor.ended()).toBe(0);
    expect(readdirSync(disk.file('state/journal')).filter((name) => name.includes('aside'))).toEqual([]);

    await using next = await supervisor.again();
    expect((await list(next)).get('idle')?.[0]).toBe('running');
    await expectNoGap(next);
  });

  it.each([
    ['read-only', 'state'],
    ['missing, and cannot be made', 'above/state'],
  ])('that is %s from the start: all goes on, and is caught up later', async (_how, name) => {
    using disk = SmallDisk.make(2 * MIB);
    const options = { config: CONFIG, args: ['--state', disk.file(name)] };
    if (name === 'state') {
      await using first = await TestSupervisor.start(options);
      await first.ask('Disable,web');
      await first.ask('Shutdown');
      await first.ended();
    }
    await disk.makeReadOnly();
    await using supervisor = await TestSupervisor.start(options);
    const before = await list(supervisor);
    expect(before.get('quiet')?.[0]).toBe('running');
    expect(before.get('web')?.[0]).toBe(name === 'state' ? 'stopped' : 'running');
    expect(await told(supervisor, '', 'what=journal-degraded')).toEqual([
      expect.stringContaining('errno=EROFS'),
    ]);
    expect(await supervisor.ask('StartDaemon,sleep 1000,@label=hand')).toEqual([
      expect.stringMatching(/^Ok,hand,/),
    ]);
    expect(await supervisor.ask('Stop,quiet')).toContainEqual(expect.stringMatching(/^Ok/));
    expect(await supervisor.ask('Enable,idle')).toContainEqual(expect.stringMatching(/^Ok/));
    const during = await list(supervisor);
    await supervisor.killDeciding();
    const after = await list(supervisor);
    expect(after.get('quiet')).toEqual(['stopped', '']);
    expect(after.get('hand')).toEqual(during.get('hand'));
    await untilEndsAgain(supervisor, 'restless');

    disk.makeWritable();
    await untilTold(supervisor, 'journal-recovered');
    await supervisor.ask('StartDaemon,sh -c "echo kept",@label=says');
    await supervisor.killDeciding();
    expect((await list(supervisor)).get('quiet')).toEqual(['stopped', '']);
    expect((await list(supervisor)).get('hand')).toEqual(during.get('hand'));
    await supervisor.ask('Shutdown');
    expect(await supervisor.ended()).toBe(0);

    await using next = await supervisor.again();
    expect((await list(next)).get('idle')?.[0]).toBe('running');
    expect((await list(next)).get('web')?.[0]).toBe(name === 'state' ? 'stopped' : 'running');
    await expectNoGap(next);
  });

  it('that is full of the output of a unit: the unit is restarted all the same', async () => {
    using disk = SmallDisk.make(2 * MIB);
    await using supervisor = await TestSupervisor.start({ args: ['--state', disk.file('state')] });
    disk.fill();
    expect(
      await supervisor.ask('StartDaemon,"sh -c ""while :; do echo line; sleep 0.01; done""",@label=talks'),
    ).toEqual([expect.stringMatching(/^Ok,talks,/)]);
    expect(await supervisor.ask('Restart,talks')).toContainEqual(expect.stringMatching(/^Ok/));
    expect((await list(supervisor)).get('talks')?.[0]).toBe('running');
    disk.makeRoom();
    await untilTold(supervisor, 'journal-recovered');
    expect(supervisor.readyCount).toBe(1);
  });
});
