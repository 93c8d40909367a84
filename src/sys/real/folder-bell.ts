import { watch } from 'node:fs';
import path from 'node:path';
import type { Cancel } from '../sys.ts';

/**
 * Rings whenever a file of this path appears, goes or is replaced (inotify(7)), until it is cancelled.
 * Undefined where that cannot be told of: there is no folder yet, or there are too many watches.
 */
export function ringAt(file: string, ring: () => void): Cancel | undefined {
  const { dir, base } = path.parse(path.resolve(file));
  try {
    const watcher = watch(dir, (_, name) => {
      if (name === null || name === base) ring();
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return () => {
      watcher.close();
    };
  } catch {
    return undefined;
  }
}
