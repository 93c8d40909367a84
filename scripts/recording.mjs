import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { collect } from './process.mjs';

/** How long all of it may take; a hundred times what it needs. */
const LIMIT_MS = 60_000;
const POLL_MS = 10;

/** What the client is made to do: what is compiled for that is in its cache. */
const AT_FIRST = [
  ['run', 'true'],
  ['start-daemon', '-l', 'one', 'sleep', '1000'],
  ['list'],
  ['status', 'one'],
];
const AFTER_RECOVERY = [['list'], ['stop', 'one']];

/**
 * Has the Archon of a folder do what people wait for, while the recorder notes what is compiled for that: a
 * supervisor is started, spoken to, killed where it decides, spoken to again, and ended.
 *
 * @param {string} folder
 * @param {string} cache what the deciding part is to leave
 */
export async function record(folder, cache) {
  const socket = path.join(folder, 'socket');
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ARCHON_'))),
    ARCHON_NODE: process.execPath,
    ARCHON_SOCKET: socket,
    // Though empty, it makes archonctl end as other programs do, and not at once (src/sys/real/caller.ts).
    NODE_OPTIONS: '',
  };
  const args = [
    '--foreground',
    '--socket',
    socket,
    '--state',
    path.join(folder, 'state'),
    '--tree',
    'minder',
  ];
  const archond = new Archond(
    spawn(path.join(folder, 'bin/archond'), args, { env, stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  /** @param {readonly string[][]} lines */
  const archonctl = async (lines) => {
    for (const line of lines) {
      const { code, output } = await collect(path.join(folder, 'bin/archonctl'), line, { env });
      if (code !== 0)
        throw new Error(`archonctl ${line.join(' ')} ended with code ${code}: ${output.trim()}`);
    }
  };
  try {
    await archond.isReady(1);
    await archonctl(AT_FIRST);
    process.kill(await archond.decidingPid(), 'SIGKILL');
    await archond.isReady(2);
    await archonctl(AFTER_RECOVERY);
    process.kill(await archond.decidingPid(), 'SIGUSR2');
    while (archond.isUp && !existsSync(cache)) await pause(POLL_MS);
  } finally {
    await archond.end();
  }
}

/** A supervisor in the foreground, and what it says. */
class Archond {
  #text = '';
  /** @type {(() => void) | undefined} */
  #told;
  /** @readonly */
  #child;
  /** @readonly */
  #ended;
  /** @readonly */
  #limit;

  /** @param {import('node:child_process').ChildProcessByStdio<null, null, import('node:stream').Readable>} child */
  constructor(child) {
    this.#child = child;
    this.#limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      this.#text += text;
      this.#told?.();
    });
    this.#ended = new Promise((resolve) => {
      child.once('error', resolve);
      child.once('close', resolve);
    });
  }

  get isUp() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Resolves when it has come up so often.
   *
   * @param {number} times
   */
  async isReady(times) {
    const isReady = new Promise((resolve) => {
      this.#told = () => {
        if (this.#text.split('"msg":"ready"').length > times) resolve(true);
      };
      this.#told();
    });
    const isUp = await Promise.race([isReady, this.#ended.then(() => false)]);
    if (isUp !== true) throw new Error(`archond ended: ${this.#text.trim()}`);
  }

  /** @returns {Promise<number>} the process below it that decides */
  async decidingPid() {
    const { pid = 0 } = this.#child;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const child of children.split(' ').filter((word) => word !== '')) {
      const words = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      // Minders have the keeper's own command line, in which this is an argument.
      if (words.includes('archond/decide') && !words.startsWith('archon-keeper')) return Number(child);
    }
    throw new Error('archond has no part that decides');
  }

  /** Ends it, with all that it supervises. */
  async end() {
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(this.#limit);
  }
}
