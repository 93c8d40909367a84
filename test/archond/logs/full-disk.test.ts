import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileFixture } from '../../support/fixture.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { TestSupervisor } from '../../support/supervisor.ts';

const MIB = 1 << 20;
/** Of the fixture `numbered`. */
const LINE_BYTES = 100;
const LINES = 60_000;
const NOTE = /\[archon\] (\d+) bytes \((\d+) lines\) are missing here: ENOSPC\n/g;
const PATIENCE_MS = 60_000;

/** What has been told of a label, or of all, `kind,details…`, the oldest first. */
async function told(supervisor: TestSupervisor, label: string, what = ''): Promise<string[]> {
  const lines = (await supervisor.ask(label === '' ? 'Events' : `Events,${label}`)).filter((line) =>
    line.startsWith('Event,'),
  );
  return lines.map((line) => line.split(',').slice(4).join(',')).filter((line) => line.includes(what));
}

async function untilTold(supervisor: TestSupervisor, label: string, what: string, times = 1): Promise<void> {
  await expect
    .poll(async () => (await told(supervisor, label, what)).length, { timeout: PATIENCE_MS, interval: 20 })
    .toBeGreaterThanOrEqual(times);
}

/** The sums of what notes in a log, or events, say is missing. */
function sum(texts: readonly string[], form: RegExp): { readonly bytes: number; readonly lines: number } {
  const found = texts.flatMap((text) => [...text.matchAll(form)]);
  const of = (group: number): number => found.reduce((all, match) => all + Number(match[group]), 0);
  return { bytes: of(1), lines: of(2) };
}

/** A host whose logs lie on a disk that is nearly full, and its journal too, or elsewhere. */
class Crammed implements AsyncDisposable {
  readonly disk: SmallDisk;
  readonly supervisor: TestSupervisor;

  private constructor(disk: SmallDisk, supervisor: TestSupervisor) {
    this.disk = disk;
    this.supervisor = supervisor;
  }

  static async start(whenFull: 'block' | 'drop', journal: 'beside' | 'elsewhere'): Promise<Crammed> {
    const disk = SmallDisk.make(16 * MIB);
    try {
      const program = compileFixture('numbered', disk.folder);
      const config = `version: 1
defaults: {restart: never, enabled: false, log: {when-full: ${whenFull}}}
units:
  flood: {type: oneshot, command: ${program} ${LINES}}
  last: {script: echo last words}
`;
      const args = ['--log-dir', disk.file('log')];
      if (journal === 'beside') args.push('--state', disk.file('state'));
      const supervisor = await TestSupervisor.start({ config, args });
      /* Of the flood a third has room. */
      writeFileSync(disk.file('ballast'), Buffer.alloc(14 * MIB));
      return new Crammed(disk, supervisor);
    } catch (error) {
      disk[Symbol.dispose]();
      throw error;
    }
  }

  log(label: string): string {
    return this.disk.file(`log/${label}.log`);
  }

  text(label: string): string {
    return existsSync(this.log(label)) ? readFileSync(this.log(label), 'latin1') : '';
  }

  /** Starts the flood, and waits until its log takes no more. */
  async flood(): Promise<void> {
    expect(await this.supervisor.ask('Start,flood,@wait=0')).toContainEqual('Ok,1');
    await untilTold(this.supervisor, 'flood', 'what=log-full,of=output,error=ENOSPC');
  }

  /** Has a unit write a line and end; how its end was told. */
  async last(): Promise<string> {
    const before = (await told(this.supervisor, 'last', 'exited')).length;
    await this.supervisor.ask('Start,last');
    await untilTold(this.supervisor, 'last', 'exited', before + 1);
    return (await told(this.supervisor, 'last', 'exited')).at(-1) ?? '';
  }

  /** Has that come to pass until the journal has no room either; how often. */
  async lastUntilDegraded(): Promise<number> {
    let times = 0;
    for (; (await told(this.supervisor, '', 'what=journal-degraded')).length === 0; times += 1)
      await this.last();
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.supervisor[Symbol.asyncDispose]();
    } finally {
      this.disk[Symbol.dispose]();
    }
  }
}

/* A small disk takes root: an ordinary user has no way to one, and what is shown here is shown of copying alone (test/native). */
describe.runIf(SmallDisk.isPossible)('logs on a full disk (needs root)', { timeout: 2 * PATIENCE_MS }, () => {
  for (const journal of ['elsewhere', 'beside'] as const) {
    it(`when-full: block holds up who writes, over a death of archond, and loses nothing (journal ${journal})`, async () => {
      await using host = await Crammed.start('block', journal);
      const { supervisor, disk } = host;
      await host.flood();
      expect(await supervisor.ask('List,flood')).toContainEqual(
        expect.stringMatching(/^Unit,flood,starting,/),
      );
      expect(await host.last()).toContain('output=pending');
      await supervisor.killDeciding();
      expect(await supervisor.ask('List,flood')).toContainEqual(
        expect.stringMatching(/^Unit,flood,starting,/),
      );
      /* The same process twice: what both wrote is kept. */
      expect(await host.last()).toContain('output=pending');
      const more = journal === 'beside' ? await host.lastUntilDegraded() : 0;
      disk.makeRoom();
      expect(await supervisor.ask('Wait,flood,@for=finished')).toEqual(['Ok']);
      await untilTold(supervisor, 'flood', 'what=log-recovered');
      await untilTold(supervisor, 'last', 'what=log-recovered');
      const lines = host.text('flood').split('\n');
      expect(lines.length).toBe(LINES + 1);
      expect(lines.findIndex((line, index) => index < LINES && Number(line.slice(0, 11)) !== index)).toBe(-1);
      expect(host.text('last')).toBe('last words\n'.repeat(2 + more));
      expect(await told(supervisor, 'flood', 'exited')).toEqual([expect.not.stringContaining('pending')]);
      expect(await told(supervisor, '', 'log-dropped')).toEqual([]);
      if (journal === 'beside') await untilTold(supervisor, '', 'what=journal-recovered');
    });

    it(`when-full: drop holds up nobody, and log and events say to the byte what is missing, over deaths of archond (journal ${journal})`, async () => {
      await using host = await Crammed.start('drop', journal);
      const { supervisor, disk } = host;
      await host.flood();
      const more = journal === 'beside' ? await host.lastUntilDegraded() : 0;
      await supervisor.killDeciding();
      expect(await supervisor.ask('Wait,flood,@for=finished')).toEqual(['Ok']);
      await supervisor.killDeciding();
      /* What is gone is not waited for. */
      for (const label of ['flood', 'last']) {
        if (label === 'last') await host.last();
        const ends = await told(supervisor, label, 'exited');
        expect(ends).toEqual(ends.map((end) => end.replace(',output=pending', '')));
        expect(ends.length).toBe(label === 'last' ? 1 + more : 1);
      }
      await supervisor.killDeciding();
      expect(await told(supervisor, '', 'log-dropped')).toEqual([]);
      disk.makeRoom();
      for (const [label, bytes] of [
        ['flood', LINES * LINE_BYTES],
        ['last', 'last words\n'.length * (1 + more)],
      ] as const) {
        await untilTold(supervisor, label, 'what=log-dropped');
        await untilTold(supervisor, label, 'what=log-recovered');
        const text = host.text(label);
        const missing = sum([text], NOTE);
        const events = await told(supervisor, label, 'log-dropped');
        expect(sum(events, /bytes=(\d+),lines=(\d+)/g)).toEqual(missing);
        /* What is left is whole lines, but for one that was cut: its end is the note's. */
        const kept = text.replaceAll(NOTE, '');
        const isCut = kept.length + missing.bytes !== bytes;
        expect(kept.length - (isCut ? 1 : 0) + missing.bytes).toBe(bytes);
        expect(kept === '' || kept.endsWith('\n')).toBe(true);
      }
      /* From now on all is as ever. */
      expect(await host.last()).not.toContain('pending');
      expect(host.text('last').endsWith('last words\n')).toBe(true);
      if (journal === 'beside') await untilTold(supervisor, '', 'what=journal-recovered');
    });
  }

  it('a supervisor that ends while the disk is full says what nobody is going to have', async () => {
    await using host = await Crammed.start('drop', 'elsewhere');
    const { supervisor } = host;
    await host.flood();
    expect(await supervisor.ask('Wait,flood,@for=finished')).toEqual(['Ok']);
    const kept = statSync(host.log('flood')).size;
    await supervisor.ask('Shutdown');
    await supervisor.ended();
    await using next = await supervisor.again();
    expect(sum(await told(next, 'flood', 'log-dropped'), /bytes=(\d+),/g).bytes).toBe(
      LINES * LINE_BYTES - kept,
    );
  });

  it('what waits in a pipe when the supervisor ends is counted too', async () => {
    await using host = await Crammed.start('block', 'elsewhere');
    const { supervisor } = host;
    await host.flood();
    expect(await host.last()).toContain('output=pending');
    await supervisor.ask('Shutdown');
    await supervisor.ended();
    await using next = await supervisor.again();
    const bytes = 'last words\n'.length;
    expect(await told(next, 'last', 'log-dropped')).toEqual([
      `note,what=log-dropped,of=output,bytes=${bytes},lines=1`,
    ]);
  });
});
