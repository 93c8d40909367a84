import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { following, linesIn, logOf, textsIn, written } from './log-rig.ts';

/** A unit that writes numbered lines, as many as it is told to by each line of a FIFO. */
const CONFIGURATION = (log: string): string => `version: 1
units:
  writer:
    script: |
      n=0
      mkfifo gate 2>/dev/null || true
      exec 3<>gate
      while read -r until <&3; do seq $((n + 1)) $until; n=$until; done
    cwd: "{folder}"
    log: ${log}
`;

async function started(log: string): Promise<TestSupervisor> {
  const supervisor = await TestSupervisor.start();
  const folder = path.join(supervisor.folder, 'out');
  mkdirSync(folder);
  const config = CONFIGURATION(log).replace('{folder}', folder);
  supervisor.signal('SIGTERM');
  await supervisor.ended();
  return supervisor.again({ config });
}

/** Has it write up to this number, and waits until the log has it. */
async function writes(supervisor: TestSupervisor, until: number): Promise<void> {
  using client = await following(supervisor, 'writer', '@lines=1');
  writeFileSync(path.join(supervisor.folder, 'out/gate'), `${until}\n`);
  await client.until((lines) => textsIn(lines).includes(String(until)));
}

const oldNames = (supervisor: TestSupervisor): string[] =>
  readdirSync(`${logOf(supervisor, 'writer')}~old`).filter((name) => !name.endsWith('~times'));

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

it('a log is rotated, what is old is compressed, and all of it is read as one', async () => {
  await using supervisor = await started('{max: 2K, keep: 100}');
  await writes(supervisor, 3000);
  expect(oldNames(supervisor).length).toBeGreaterThan(5);
  const all = await supervisor.ask('Log,writer');
  expect(textsIn(all)).toEqual(numbers(1, 3000));
  await expect
    .poll(() => oldNames(supervisor).every((name) => name.endsWith('.gz')), { timeout: 60_000 })
    .toBe(true);
  const [first = ''] = oldNames(supervisor).sort();
  const packed = readFileSync(`${logOf(supervisor, 'writer')}~old/${first}`);
  expect(gunzipSync(packed).toString('latin1').startsWith('1\n2\n3\n')).toBe(true);
  expect(await supervisor.ask('Log,writer')).toEqual(all);
  for (const count of [1, 500, 1000, 2999, 3000, 4000])
    expect(textsIn(await supervisor.ask(`Log,writer,@lines=${count}`))).toEqual(
      numbers(Math.max(1, 3001 - count), 3000),
    );
  const { time = '' } = linesIn(all)[700] ?? {};
  const since = linesIn(await supervisor.ask(`Log,writer,@since=${time}`));
  expect(since.length).toBeGreaterThanOrEqual(2300);
  expect(since.map(({ text }) => text)).toEqual(numbers(3001 - since.length, 3000));
  expect(since[0]?.time).toBe(time);
});

it('only so many are kept as are wanted, and those go on under the next archond', async () => {
  await using supervisor = await started('{max: 1K, keep: 3}');
  await writes(supervisor, 2000);
  await expect.poll(() => oldNames(supervisor).length).toBe(3);
  await supervisor.killDeciding();
  await writes(supervisor, 4000);
  await expect.poll(() => new Set(oldNames(supervisor).map((name) => name.slice(0, 8))).size).toBe(3);
  const left = textsIn(await supervisor.ask('Log,writer')).map(Number);
  expect(left.at(-1)).toBe(4000);
  expect(left).toEqual(left.map((_, index) => (left[0] ?? 0) + index));
});

it('whoever follows a log is told each line of it once, over rotations and a death of archond', async () => {
  await using supervisor = await started('{max: 2K, keep: 1000}');
  await writes(supervisor, 10);
  using client = await following(supervisor, 'writer');
  await writes(supervisor, 2000);
  await client.until((lines) => textsIn(lines).includes('2000'));
  expect(textsIn(client.lines)).toEqual(numbers(1, 2000));
  await supervisor.killDeciding();
  using second = await following(supervisor, 'writer');
  await writes(supervisor, 3000);
  await second.until((lines) => textsIn(lines).includes('3000'));
  expect(textsIn(second.lines)).toEqual(numbers(1, 3000));
});

it('a log that was moved away is made anew when it is asked for, and by SIGHUP', async () => {
  await using supervisor = await started('{}');
  await writes(supervisor, 3);
  const log = logOf(supervisor, 'writer');
  renameSync(log, `${log}.moved`);
  expect(await supervisor.ask('Log,writer,@reopen=1')).toEqual(['Ok,1']);
  await writes(supervisor, 5);
  expect(written(supervisor, 'writer')).toBe('4\n5\n');
  renameSync(log, `${log}.moved`);
  supervisor.signal('SIGHUP');
  await supervisor.untilLog((text) => text.includes('log files are reopened'), 'SIGHUP was heard');
  await writes(supervisor, 6);
  expect(written(supervisor, 'writer')).toBe('6\n');
  expect(readFileSync(`${log}.moved`, 'latin1')).toBe('4\n5\n');
  rmSync(`${log}.moved`);
  expect(await supervisor.ask('Log,nosuch,@reopen=1')).toEqual([expect.stringMatching(/,not-found$/)]);
});
