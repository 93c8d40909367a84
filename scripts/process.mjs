import { spawn } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Runs a program to its end in this process's place: its standard input, output and error, and the signals
 * that are sent here.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code, or 128 + the number of the signal that ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forwarding = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']).map((signal) => {
      const forward = () => {
        // A terminal sends its Ctrl-C and Ctrl-\ to the whole foreground group: the child has it already.
        if (process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
        child.kill(signal);
      };
      process.on(signal, forward);
      return { signal, forward };
    });
    const over = () => {
      for (const { signal, forward } of forwarding) process.off(signal, forward);
    };
    child.once('error', (error) => {
      over();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      over();
      resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']);
    });
  });
}

/**
 * Runs a program to its end without input and collects what it writes.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} a program that cannot be started rejects
 */
export function collect(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code: code ?? 128 + os.constants.signals[signal ?? 'SIGKILL'], output });
    });
  });
}

/**
 * Ends a script as one that failed for a reason its user can mend: the sentence, no stack.
 *
 * @param {unknown} error
 */
export function fail(error) {
  process.stderr.write(`archon: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** The project's own folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
