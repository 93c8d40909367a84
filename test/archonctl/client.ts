import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../support/supervisor.ts';

/** What is called, as from a clone. */
export const ARCHONCTL = path.join(ROOT, 'bin/archonctl');

/** How a client ended and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a client is called, beside its words. */
export interface ClientOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The environment of these tests without what would change how a client behaves. */
export function plainEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:ARCHON_|NO_COLOR$|NODE_EXTRA_CA_CERTS$|NODE_OPTIONS$|LC_|LANG$)/.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...more };
}

/** Calls the built client and waits for its end. Output is taken byte by byte (latin1). */
export async function archonctl(
  socket: string,
  words: readonly string[],
  options: ClientOptions = {},
): Promise<Ended> {
  const env = plainEnv({ ARCHON_SOCKET: socket, ...options.env });
  const child = spawn(ARCHONCTL, words, { env, cwd: options.cwd, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  return endOf(child);
}

/** Calls a shell, in which `archonctl` is the built client. */
export async function shell(socket: string, script: string, options: ClientOptions = {}): Promise<Ended> {
  const PATH = `${path.dirname(ARCHONCTL)}:${process.env['PATH'] ?? ''}`;
  const env = plainEnv({ ARCHON_SOCKET: socket, PATH, ...options.env });
  const child = spawn('/bin/bash', ['-c', script], { env, cwd: options.cwd, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  return endOf(child);
}

/** Waits for the end of a process and all that it printed. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('latin1').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code: code ?? 128 + os.constants.signals[signal ?? 'SIGKILL'], stdout, stderr };
}
