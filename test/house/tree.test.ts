import { existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './temp-project.ts';

/** What is made, not written: the ignored folders. Git is not asked, a release has none. */
const MADE = new Set(['.git', 'node_modules', 'dist', 'build', 'coverage', 'run']);

/** All files below a folder of the project that a person or npm wrote, relative to the project. */
async function written(folder = ''): Promise<string[]> {
  const entries = await readdir(path.join(ROOT, folder), { withFileTypes: true });
  const lists = entries.map(async (entry): Promise<string[]> => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return folder === '' && MADE.has(entry.name) ? [] : written(name);
    return entry.isFile() ? [name] : [];
  });
  return (await Promise.all(lists)).flat();
}

/** The text of a file, or undefined for one that holds a NUL byte. */
async function textOf(file: string): Promise<string | undefined> {
  const text = await readFile(path.join(ROOT, file), 'utf8');
  return text.includes('\0') ? undefined : text;
}

/** `[[file:TARGET]]` and `[[file:TARGET][words]]`, the target without its `::place`. */
function fileLinks(org: string): string[] {
  return [...org.matchAll(/\[\[file:([^\]]+)\]/g)].map(([, target = '']) => target.replace(/::.*$/s, ''));
}

/** Absolute paths below the folders where people keep their own things; put together so as not to name one here. */
const OWN_PATH = new RegExp(String.raw`(?<![\w.$}-])/(?:${['root', 'work', 'home', 'Users'].join('|')})/\w`);

describe('the tree', () => {
  it('holds no file of more than 400 lines', async () => {
    const long: string[] = [];
    for (const file of await written()) {
      if (!/^(src|test|native|bin|scripts)\//.test(file)) continue;
      const lines = (await textOf(file))?.split('\n').length ?? 0;
      // The last line feed ends a line, it does not begin one.
      if (lines > 401) long.push(`${file}: ${lines - 1} lines`);
    }
    expect(long).toEqual([]);
  });

  it('holds no file that names a path of the machine it was written on', async () => {
    const naming: string[] = [];
    for (const file of await written()) {
      const lines = (await textOf(file))?.split('\n') ?? [];
      naming.push(
        ...lines.flatMap((line, at) => (OWN_PATH.test(line) ? [`${file}:${at + 1}: ${line}`] : [])),
      );
    }
    expect(naming).toEqual([]);
  });

  it('would see such a path, and takes no other for one', () => {
    const [home, work] = ['home', 'work'];
    for (const bad of [`cd /${home}/me`, `"/${work}/main"`, `file:///${home}/me`, `(/${work}/x)`]) {
      expect(OWN_PATH.test(bad)).toBe(true);
    }
    for (const good of [`$HOME/${work}/x`, `docs/${work}/x`, `./${home}/me`, `/var/${home}/me`, '/usr/bin']) {
      expect(OWN_PATH.test(good)).toBe(false);
    }
  });

  it('holds no link in its documentation to a file that does not exist', async () => {
    const broken: string[] = [];
    for (const file of await written()) {
      if (!/^docs\/.*\.org$/.test(file)) continue;
      for (const link of fileLinks((await textOf(file)) ?? '')) {
        if (!existsSync(path.join(ROOT, path.dirname(file), link))) broken.push(`${file}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('would see such a link', () => {
    const org =
      'see [[file:keeper.org]], [[file:../src/sys/sys.ts::interface Sys][the door]] and [[https://x.org]]';
    expect(fileLinks(org)).toEqual(['keeper.org', '../src/sys/sys.ts']);
  });

  it('holds programs that can be executed', async () => {
    for (const file of ['bin/archond', 'bin/archonctl', '.ci/run']) {
      expect((await stat(path.join(ROOT, file))).mode & 0o777).toBe(0o755);
    }
  });

  it('holds a lock file that names no registry', async () => {
    const lock = JSON.parse((await textOf('package-lock.json')) ?? '{}') as {
      packages: Record<string, object>;
    };
    expect(Object.values(lock.packages).filter((one) => 'resolved' in one)).toEqual([]);
  });
});
