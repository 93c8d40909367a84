import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  stat,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { errnoNumber } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Cancel, Files, SysError } from '../sys.ts';
import { storedFiles } from './append-file.ts';
import { thrownError } from './thrown-error.ts';

/** Who may write to a folder besides its owner. */
const WRITABLE_BY_OTHERS = 0o022;
/** Everybody may pass a folder. */
const PASSED_BY_OTHERS = 0o001;

function refused(code: string, call: string): { readonly ok: false; readonly error: SysError } {
  return err({ code, errno: errnoNumber(code) ?? 0, call });
}

/** Makes one folder; it gets its mode whatever the umask says. One that is there is left as it is. */
function make(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (thrownError(error).code === 'EEXIST') return;
    throw error;
  }
  chmodSync(folder, mode);
}

function makeAll(folder: string, mode: number): void {
  try {
    make(folder, mode);
  } catch (error) {
    const parent = path.dirname(folder);
    if (thrownError(error).code !== 'ENOENT' || parent === folder) throw error;
    makeAll(parent, mode);
    make(folder, mode);
  }
}

/** A link that anyone could have laid there (in /tmp, say) leads nowhere; an administrator's is followed. */
function isOwnLink(folder: string, uid: number): boolean {
  const status = lstatSync(folder);
  return !status.isSymbolicLink() || status.uid === 0 || status.uid === uid;
}

/** `Sys.files`. */
export const realFiles: Files = {
  ...storedFiles,

  ensureFolder(wanted, mode): Result<undefined, SysError> {
    const folder = path.resolve(wanted);
    const uid = process.geteuid?.() ?? 0;
    try {
      makeAll(folder, mode);
      if (!isOwnLink(folder, uid)) return refused('EPERM', 'lstat');
      const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        const status = fstatSync(descriptor);
        const safe = status.uid === uid && (status.mode & WRITABLE_BY_OTHERS) === 0;
        return safe ? ok(undefined) : refused('EPERM', 'open');
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      return err(thrownError(error));
    }
  },

  closedFolder(wanted): string | undefined {
    const folder = path.resolve(wanted);
    const above = path.dirname(folder);
    const closed = above === folder ? undefined : realFiles.closedFolder(above);
    if (closed !== undefined) return closed;
    const status = statSync(folder, { throwIfNoEntry: false });
    return status === undefined || (status.mode & PASSED_BY_OTHERS) !== 0 ? undefined : folder;
  },

  openToRead(wanted): ReturnType<Files['openToRead']> {
    let descriptor: number;
    try {
      descriptor = openSync(wanted, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch (error) {
      return err(thrownError(error));
    }
    const status = fstatSync(descriptor);
    if (status.isFile()) return ok({ descriptor, sizeBytes: status.size });
    closeSync(descriptor);
    return refused('EINVAL', 'open');
  },

  exists(wanted, done): Cancel {
    let isOver = false;
    stat(wanted, (error) => {
      if (!isOver) done(error?.code);
    });
    return () => {
      isOver = true;
    };
  },
};
