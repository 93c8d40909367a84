#!/usr/bin/env node
// The second half of `npm start`: a supervisor in a folder of its own, in the foreground, with a few
// commands run against it. It goes on until Ctrl-C or SIGTERM, then everything is brought down.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './process.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-demo-'));
const socket = path.join(folder, 'archon.sock');
const client = path.join(ROOT, 'bin/archonctl');

const supervisor = spawn(
  path.join(ROOT, 'bin/archond'),
  ['--foreground', '--log-level', 'warn', '--socket', socket, '--state', path.join(folder, 'state')],
  { stdio: 'inherit' },
);
const ended = new Promise((resolve) => {
  supervisor.once('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']));
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    // A terminal sends its Ctrl-C to the supervisor too; a second one would shorten the shutdown.
    if (!(signal === 'SIGINT' && process.stdin.isTTY)) supervisor.kill('SIGTERM');
  });
}

/**
 * Waits until the socket is there, or the supervisor has ended.
 *
 * @returns {Promise<boolean>} whether it is there
 */
async function answering() {
  /** @type {Promise<boolean>} */
  const appeared = new Promise((resolve) => {
    const watcher = watch(folder, () => {
      if (!existsSync(socket)) return;
      watcher.close();
      resolve(true);
    });
    if (existsSync(socket)) {
      watcher.close();
      resolve(true);
    }
    void ended.then(() => {
      watcher.close();
    });
  });
  return Promise.race([appeared, ended.then(() => false)]);
}

/** @param {string[]} words */
function show(...words) {
  console.log(`\n$ archonctl ${words.map((word) => (/[ $;'"]/.test(word) ? `'${word}'` : word)).join(' ')}`);
  const { status } = spawnSync(client, ['--socket', socket, ...words], { stdio: 'inherit', cwd: ROOT });
  if (status !== 0) console.log(`(exit code ${status})`);
}

if (await answering()) {
  show('run', 'ls', '-l', 'FOO=1');
  show('run', 'sh', '-c', 'echo "FOO is $FOO"; exit 7', 'FOO=1');
  show('start-daemon', '-l', 'ticker', 'sh', '-c', 'while :; do date; sleep 5; done');
  show('list');
  console.log(`
The supervisor is up (process ${supervisor.pid}); Ctrl-C brings everything down. To go on, in another terminal:

  export ARCHON_SOCKET=${socket}
  bin/archonctl list
  bin/archonctl run uname -a
  bin/archonctl start-daemon -l web python3 -m http.server 8000
  tail -f ${path.join(folder, 'state/log/ticker.log')}
  pkill -9 -f '^[^ ]*node .*archond/decide.cjs'    # the deciding part dies; list again: nothing is lost
  bin/archonctl shutdown
`);
}
process.exitCode = await ended;
rmSync(folder, { recursive: true, force: true });
