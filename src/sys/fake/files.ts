import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Cancel, Files, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import { FakeStoredFiles } from './stored-files.ts';

/** Who may write to a folder besides its owner. */
const WRITABLE_BY_OTHERS = 0o022;
/** Everybody may pass a folder. */
const PASSED_BY_OTHERS = 0o001;

/** `Sys.files`. */
export class FakeFiles extends FakeStoredFiles implements Files {
  ensureFolder(path: string, mode: number): Result<undefined, SysError> {
    this.view.call('files.ensureFolder');
    const { files, user } = this.view.kernel;
    // One that is there is only opened, to see whose it is.
    const failed = this.view.failure(files.node(path)?.kind === 'folder' ? 'open' : 'mkdir');
    if (failed !== undefined) return failed;
    const trouble = this.view.kernel.disk.trouble('mkdir', path);
    // A folder that is there needs not be made, and is found on a read-only disk too.
    const isFound = trouble === 'EROFS' && files.node(path)?.kind === 'folder';
    if (trouble !== undefined && !isFound) return err(sysError(trouble, 'mkdir'));
    const made = files.makeFolders(path, mode, user.uid);
    if (!made.ok) return err(sysError(made.error, 'mkdir'));
    const node = files.node(path);
    const safe = node?.uid === user.uid && (node.mode & WRITABLE_BY_OTHERS) === 0;
    return safe ? ok(undefined) : err(sysError('EPERM', 'mkdir'));
  }

  closedFolder(folder: string): string | undefined {
    this.view.call('files.closedFolder');
    const { files } = this.view.kernel;
    const names = folder.split('/').filter((name) => name !== '');
    const ways = names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
    return ways.find((way) => {
      const node = files.node(way);
      return node?.kind === 'folder' && (node.mode & PASSED_BY_OTHERS) === 0;
    });
  }

  exists(path: string, done: (why: string | undefined) => void): Cancel {
    this.view.call('files.exists');
    let isOver = false;
    this.view.post(() => {
      if (isOver) return;
      const { files } = this.view.kernel;
      const reached = files.reach(path);
      if (!reached.ok) done(reached.error);
      else done(files.node(path) === undefined ? 'ENOENT' : undefined);
    });
    return () => {
      isOver = true;
    };
  }
}
