import { readFileSync, watch } from 'node:fs';
import path from 'node:path';

/** Resolves with the content of a file as soon as it fulfils the condition; its folder must exist. */
export async function untilFile(file: string, isSo: (content: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const watcher = watch(path.dirname(file), look);
    function look(): void {
      const content = contentOf(file);
      if (content === undefined || !isSo(content)) return;
      watcher.close();
      resolve(content);
    }
    look();
  });
}

/** The content of a file, or undefined where there is none. */
export function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
