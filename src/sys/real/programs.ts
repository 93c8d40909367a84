import { spawn } from 'node:child_process';
import { errnoNumber } from '../../base/errno.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Programs } from '../programs.ts';
import type { Cancel, SysError } from '../sys.ts';

/** More than any answer is. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** `Sys.programs`: libuv's own children; it waits for their pids only and disturbs nobody's. */
export const realPrograms: Programs = {
  run(program, argument, done): Cancel {
    const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pieces: Buffer[] = [];
    let bytes = 0;
    let failed: SysError | undefined;
    let isOver = false;
    const finish = (result: Result<string, SysError>): void => {
      if (!isOver) done(result);
      isOver = true;
    };
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes <= MAX_ANSWER_BYTES) return;
      failed ??= { code: 'E2BIG', errno: errnoNumber('E2BIG') ?? 0, call: 'read' };
      child.kill('SIGKILL');
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? 'EIO';
      finish(err({ code, errno: errnoNumber(code) ?? 0, call: 'spawn' }));
    });
    child.once('close', (code) => {
      if (code === 0 && failed === undefined) finish(ok(Buffer.concat(pieces).toString()));
      else finish(err(failed ?? { code: 'EIO', errno: errnoNumber('EIO') ?? 0, call: 'waitid' }));
    });
    return () => {
      isOver = true;
      child.kill('SIGKILL');
    };
  },
};
