#!/usr/bin/env node
// `npm start`: installs what is missing, builds, then hands over to scripts/demo.mjs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, fail } from './process.mjs';
import { setUp } from './setup.mjs';

/**
 * Runs the demonstration in this process's place: its input and output, the signals sent here, its exit code.
 *
 * @param {string} script
 * @returns {Promise<number>}
 */
function handOver(script) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
    for (const signal of signals) {
      process.on(signal, () => {
        // A terminal sends its Ctrl-C and Ctrl-\ to the whole foreground group: the child has it already.
        if (process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
        child.kill(signal);
      });
    }
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']);
    });
  });
}

try {
  await setUp();
  const demo = path.join(ROOT, 'scripts/demo.mjs');
  if (existsSync(demo)) process.exitCode = await handOver(demo);
  else console.log('archon is built: bin/archond is the supervisor, bin/archonctl its client');
} catch (error) {
  fail(error);
}
