import { describe, expect, it } from 'vitest';
import { Chance } from '../fuzz/chance.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { Ledger } from './ledger.ts';
import { installMachine, UNITS } from './machine.ts';

/*
 * What is left of a journal after an accident, before a successor: all that runs is known, whatever is missing, and
 * nothing is started beside it. That what had been said of readiness is forgotten then is another matter: some may be started anew.
 * Every length of the journal:
 *
 *   ARCHON_SWEEP=full npx vitest run --configLoader runner test/archond/sweep/cut
 */
const IS_FULL = process.env['ARCHON_SWEEP'] === 'full';
const EVERY_LENGTH = IS_FULL ? 1 : 211;
const FLIPS = IS_FULL ? 1000 : 25;
const JOURNAL = '/var/lib/archon/journal/0000000001.journal';
/** What runs when all has come up, and a daemon. */
const UP = ['app', 'base', 'flaky', 'late', 'one', 'stubborn', 'web'];

/** What becomes of the journal while nobody is there. */
type Accident = (whole: Buffer) => Buffer;

/** Lets all come up, kills archond, has the accident, and says what is wrong with what its successor finds. */
async function faultsAfter(accident: Accident): Promise<string[]> {
  let ledger: Ledger | undefined;
  await using host = await VirtualHost.start(UNITS, {
    atBirth: (control, life) => {
      if (life !== 1) return;
      ledger = new Ledger(control);
      installMachine(control, ledger);
    },
  });
  const { control } = host;
  for (const label of UP) if (label !== 'one') await host.ask(`Wait,${label},@for=running`);
  await host.ask('StartDaemon,/usr/bin/stays,@label=one');
  const before = ledger?.lives.filter(({ endedAtMs }) => endedAtMs === undefined) ?? [];
  control.killArchond();
  const whole = Buffer.from(control.kernel.files.read(JOURNAL) ?? []);
  control.kernel.disk.overwrite(JOURNAL, accident(whole));
  await host.untilAnswers();

  const faults: string[] = [];
  const units = await host.ask('List');
  for (const label of UP) {
    const pid = before.find((life) => life.label === label && life.isFirst)?.pid ?? 0;
    const told = units.find((line) => line.startsWith(`Unit,${label},`)) ?? 'nothing';
    if (told.split(',')[3] !== String(pid)) faults.push(`of process ${pid} of ${label} is known: ${told}`);
  }
  const after = ledger?.lives.filter(({ endedAtMs }) => endedAtMs === undefined) ?? [];
  for (const { label, pid } of after)
    if (!before.some((life) => life.pid === pid)) faults.push(`process ${pid} of ${label} was started`);
  /* That something was set aside is said, and is no fault. */
  const said = host.faults.splice(0);
  faults.push(...said.filter((one) => !one.includes('set aside')), ...(ledger?.faults ?? []));
  return faults;
}

/** How long the journal is by then. */
async function lengthOf(): Promise<number> {
  let bytes = 0;
  await faultsAfter((whole) => {
    bytes = whole.length;
    return whole;
  });
  return bytes;
}

describe('a successor that finds of the journal', () => {
  allIgnoreLastWords();

  it(
    'no more than any beginning knows all that runs, and starts nothing beside it',
    { timeout: 3_600_000 },
    async () => {
      const length = await lengthOf();
      expect(length).toBeGreaterThan(1000);
      const wrong: Record<string, readonly string[]> = {};
      for (let bytes = 0; bytes <= length; bytes += EVERY_LENGTH) {
        const faults = await faultsAfter((whole) => whole.subarray(0, bytes));
        if (faults.length > 0) wrong[`${bytes} of ${length} bytes`] = faults;
      }
      console.log(`${Math.ceil((length + 1) / EVERY_LENGTH)} lengths of a journal of ${length} bytes`);
      expect(wrong).toEqual({});
    },
  );

  it('another byte than was written somewhere does so too', { timeout: 3_600_000 }, async () => {
    const chance = new Chance(1);
    const wrong: Record<string, readonly string[]> = {};
    for (let flip = 0; flip < FLIPS; flip += 1) {
      let where = '';
      const faults = await faultsAfter((whole) => {
        const at = chance.below(whole.length);
        const bit = chance.below(8);
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        where = `bit ${bit} of byte ${at}`;
        return changed;
      });
      if (faults.length > 0) wrong[where] = faults;
    }
    expect(wrong).toEqual({});
  });
});
