#!/usr/bin/env node
// The second half of `npm start`: a supervisor with the sample configuration in a folder of its own, in the
// foreground, with a few commands run against it. It goes on until Ctrl-C or SIGTERM, then everything is
// brought down.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './process.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-demo-'));
const socket = path.join(folder, 'archon.sock');
const client = path.join(ROOT, 'bin/archonctl');
cpSync(path.join(ROOT, 'examples/sample'), path.join(folder, 'sample'), { recursive: true });
// The sample's units are modules, as they are where they come from.
cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));

const configuration = path.join(folder, 'sample/archon.yaml');
const supervisor = spawn(
  path.join(ROOT, 'bin/archond'),
  [
    ...['--foreground', '--log-level', 'warn', '--socket', socket, '--state', path.join(folder, 'state')],
    ...['--config', configuration],
  ],
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

/** @param {string} label */
function pidOf(label) {
  const { stdout } = spawnSync(client, ['--socket', socket, '--json', 'status', label], { encoding: 'utf8' });
  return /"pid": ?"?(\d+)/.exec(stdout)?.[1];
}

if (await answering()) {
  show('run', 'ls', '-l', 'FOO=1');
  show('run', 'sh', '-c', 'echo "FOO is $FOO"; exit 7', 'FOO=1');
  show('wait', '--for', 'running', 'visitor');
  show('list');
  const before = pidOf('visitor');
  show('kill', '-9', 'server');
  while ([before, undefined].includes(pidOf('visitor')));
  show('wait', '--for', 'running', 'visitor');
  show('events', '--last', '10');
  console.log(`
The supervisor is up (process ${supervisor.pid}); Ctrl-C brings everything down. Its units stand in
${configuration}. To go on, in another terminal:

  cd ${path.resolve(ROOT)}; export ARCHON_SOCKET=${socket}
  bin/archonctl list
  bin/archonctl status visitor
  bin/archonctl start clock; bin/archonctl logs -f clock
  bin/archonctl stop server                        # refused: it would take down the visitor
  bin/archonctl start-daemon -l web python3 -m http.server 8000
  pkill -9 -f '^[^ ]*node .*archond/decide.cjs'    # the deciding part dies; list again: nothing is lost
  bin/archonctl shutdown
`);
}
process.exitCode = await ended;
rmSync(folder, { recursive: true, force: true });
