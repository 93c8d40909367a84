import { spawn } from 'node:child_process';
import { ARCHONCTL, endOf, plainEnv } from '../client.ts';

/** A client whose command says when it runs. */
export function begin(socket: string, words: readonly string[]) {
  const child = spawn(ARCHONCTL, words, { env: plainEnv({ ARCHON_SOCKET: socket }), stdio: 'pipe' });
  const armed = new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes('armed')) resolve();
    });
  });
  return { child, armed, end: endOf(child) };
}
