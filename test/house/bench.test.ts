import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './temp-project.ts';

interface Report {
  readonly table: readonly { readonly figure: string; readonly medians: Readonly<Record<string, number>> }[];
}

const title =
  'the bench measures every row in its smallest size, and finds nothing doubled, lost or left behind';
it(title, { timeout: 300_000 }, async () => {
  const args = [path.join(ROOT, 'bench/run.mjs'), '--smallest', '--json', '--only', 'floor,archon'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('leaves process');
  const { table } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
  expect(table.length).toBeGreaterThan(10);
  for (const { figure, medians } of table) {
    const value = medians['archon'] ?? NaN;
    // What is shared is divided among all who share it: memory may shrink when other programs of Node begin.
    const least = figure.startsWith('growth') ? -Infinity : 0;
    expect(value, figure).toBeGreaterThanOrEqual(least);
  }
});
