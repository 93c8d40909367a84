import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { isAlive, processesWith } from '../support/processes.ts';
import { ROOT } from './temp-project.ts';

it('shows a supervisor that runs real commands, says how to go on, and leaves nothing behind', async () => {
  const demo = spawn(process.execPath, [path.join(ROOT, 'scripts/demo.mjs')], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(demo, 'close');
  let shown = '';
  demo.stderr.setEncoding('utf8').on('data', (text: string) => (shown += text));
  await new Promise<void>((resolve) => {
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (shown.includes('archonctl shutdown')) resolve();
    });
    void closed.then(() => {
      resolve();
    });
  });
  demo.kill('SIGTERM');
  expect(await closed, shown).toEqual([0, null]);

  expect(shown).toMatch(/\$ archonctl run ls -l FOO=1\ntotal \d+\n/);
  expect(shown).toContain(
    '$ archonctl run sh -c \'echo "FOO is $FOO"; exit 7\' FOO=1\nFOO is 1\n(exit code 7)',
  );
  expect(shown).toMatch(/^server +running/m);
  /* The server was killed: the visitor went down before it was up again, and came back. */
  const visitor = [...shown.matchAll(/^ *\d+ +\S+ \S+ +visitor +(\w+)/gm)].map(([, kind]) => kind);
  expect(visitor.slice(-2)).toEqual(['starting', 'running']);
  expect(visitor).toContain('waiting');
  const socket = /export ARCHON_SOCKET=(\S+)/.exec(shown)?.[1] ?? '';
  expect(existsSync(path.dirname(socket))).toBe(false);
  expect(processesWith('ARCHON_SOCKET', socket).filter(isAlive)).toEqual([]);
});
