import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { errnoNumber } from '../../base/errno.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Programs } from '../programs.ts';
import type { Cancel, SysError } from '../sys.ts';
import { thrownError } from './thrown-error.ts';

/** More than any answer is. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** As it is made: it has no standard input and output where there was no descriptor for these. */
type Child = ChildProcessByStdio<Writable, Readable, null>;

function notBegun(code = 'EIO'): Result<never, SysError> {
  return err({ code, errno: errnoNumber(code) ?? 0, call: 'spawn' });
}

/** Some of what can go wrong is thrown, some told later, by a child that is none (child_process of Node). */
function begin(program: string): Result<Child, SysError> {
  try {
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (isWhole(child)) return ok(child);
    child.once('error', () => undefined);
    return notBegun('EMFILE');
  } catch (error) {
    return notBegun(thrownError(error).code);
  }
}

function isWhole({ stdin, stdout }: Partial<Pick<Child, 'stdin' | 'stdout'>>): boolean {
  return stdin !== undefined && stdout !== undefined;
}

/** `Sys.programs`: libuv's own children; it waits for their pids only and disturbs nobody's. */
export const realPrograms: Programs = {
  run(program, input, done): Cancel {
    const begun = begin(program);
    if (!begun.ok) {
      const timer = setImmediate(() => {
        done(begun);
      });
      return () => {
        clearImmediate(timer);
      };
    }
    const child = begun.value;
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
    /* What ends before it has read all of it tells by its end what there is to tell. */
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish(notBegun(error.code));
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
