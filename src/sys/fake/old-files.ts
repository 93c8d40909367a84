import { gunzipSync, gzipSync } from 'node:zlib';
import { err, ok, type Result } from '../../base/result.ts';
import type { FolderEntry, OldFiles } from '../old-files.ts';
import type { Cancel, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import type { View } from './view.ts';

type Done<T> = (result: Result<T, SysError>) => void;

/** `Sys.oldFiles`: each call is carried out whole, in a task of its own. */
export class FakeOldFiles implements OldFiles {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  compress(from: string, to: string, mode: number, done: Done<undefined>): Cancel {
    let isGivenUp = false;
    this.#view.call('oldFiles.compress');
    this.#view.post(() => {
      if (isGivenUp) return;
      const { files, disk, user } = this.#view.kernel;
      const bytes = files.read(from);
      if (bytes === undefined) {
        done(err(sysError('ENOENT', 'open')));
        return;
      }
      const packed = gzipSync(bytes);
      const before = files.read(to)?.length ?? 0;
      const file = files.openToAppend(to, mode, user.uid);
      if (!file.ok || disk.room(to, packed.length) < packed.length) {
        done(err(sysError(file.ok ? 'ENOSPC' : file.error, 'write')));
        return;
      }
      files.freeBytes += before;
      disk.grown(to, packed.length - before);
      file.value.chunks = [];
      files.append(file.value, new Uint8Array(packed), this.#view.kernel.wallNs());
      disk.synced(file.value, packed.length);
      done(ok(undefined));
    });
    return () => {
      isGivenUp = true;
    };
  }

  async *content(
    path: string,
    isCompressed: boolean,
    fromBytes: number,
  ): AsyncGenerator<Result<Uint8Array, SysError>> {
    this.#view.call('oldFiles.content');
    const bytes = this.#view.kernel.files.read(path);
    await new Promise<void>((resolve) => {
      this.#view.post(resolve);
    });
    if (bytes === undefined) yield err(sysError('ENOENT', 'open'));
    else yield ok((isCompressed ? gunzipSync(bytes) : bytes).subarray(fromBytes));
  }

  discard(path: string, done: Done<undefined>): void {
    this.#view.call('oldFiles.discard');
    this.#view.post(() => {
      const { files, disk } = this.#view.kernel;
      for (const name of files.paths()) {
        if (name !== path && !name.startsWith(`${path}/`)) continue;
        const bytes = files.read(name)?.length ?? 0;
        files.freeBytes += bytes;
        disk.grown(name, -bytes);
        files.remove(name);
      }
      done(ok(undefined));
    });
  }

  entries(folder: string, done: Done<readonly FolderEntry[]>): void {
    this.#view.call('oldFiles.entries');
    this.#view.post(() => {
      const { files } = this.#view.kernel;
      if (files.node(folder)?.kind !== 'folder') {
        done(err(sysError('ENOENT', 'scandir')));
        return;
      }
      const below = files.paths().filter((path) => path.startsWith(`${folder}/`));
      const direct = below.filter((path) => !path.slice(folder.length + 1).includes('/'));
      done(
        ok(
          direct.map((path) => ({
            name: path.slice(folder.length + 1),
            isFolder: files.node(path)?.kind === 'folder',
          })),
        ),
      );
    });
  }
}
