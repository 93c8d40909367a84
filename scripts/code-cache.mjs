import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './process.mjs';
import { record } from './recording.mjs';

/** The programs whose start somebody waits for. */
const PROGRAMS = ['archond/decide', 'archonctl/main'];
const STAMP = 'dist/.cache-stamp';

/**
 * Makes the code caches of the programs in dist for the Node that this runs on, by running them in a folder of
 * its own. Where something prevents that, they go without: they start more slowly, and that is all.
 *
 * @returns {Promise<string | undefined>} what became of it, in a few words; nothing where there is nothing to make them for
 */
export async function makeCodeCaches() {
  const made = [
    ...PROGRAMS.map((name) => `dist/${name}.bundle.cjs`),
    'build/native/helper.node',
    'build/native/keeper',
  ];
  if (!made.every((file) => existsSync(path.join(ROOT, file)))) return undefined;
  const stamp = await inputDigest(made);
  if ((await readFile(path.join(ROOT, STAMP), 'utf8').catch(() => '')) === stamp) return 'up to date';

  const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-cache-'));
  try {
    await layOut(folder);
    await record(folder, path.join(folder, 'dist/archond/decide.cache'));
    for (const name of PROGRAMS)
      await publish(path.join(folder, 'dist', `${name}.cache`), `dist/${name}.cache`);
    await writeFile(path.join(folder, 'stamp'), stamp);
    await publish(path.join(folder, 'stamp'), STAMP);
    return `made for Node ${process.version}`;
  } catch (error) {
    return `not made: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * An Archon like this one, but for the files that run its programs.
 *
 * @param {string} folder
 */
async function layOut(folder) {
  await cp(path.join(ROOT, 'bin'), path.join(folder, 'bin'), { recursive: true });
  await symlink(path.join(ROOT, 'build'), path.join(folder, 'build'));
  for (const part of ['archond', 'archonctl', 'packages']) {
    await mkdir(path.join(folder, 'dist', part), { recursive: true });
    for (const file of await readdir(path.join(ROOT, 'dist', part))) {
      const copy = path.join(folder, 'dist', part, file);
      if (file.endsWith('.cjs')) await copyFile(path.join(ROOT, 'dist', part, file), copy);
    }
  }
  for (const name of PROGRAMS) {
    await copyFile(path.join(ROOT, 'scripts/recorder.cjs'), path.join(folder, 'dist', `${name}.cjs`));
  }
}

/**
 * @param {string} made
 * @param {string} place relative to the project
 */
async function publish(made, place) {
  const beside = path.join(ROOT, `${place}.${process.pid}`);
  await copyFile(made, beside);
  await rename(beside, path.join(ROOT, place));
}

/** @param {readonly string[]} made */
async function inputDigest(made) {
  const scripts = ['code-cache.mjs', 'recorder.cjs', 'recording.mjs'].map((name) => `scripts/${name}`);
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const file of [...made, ...scripts]) hash.update(await readFile(path.join(ROOT, file)));
  return hash.digest('hex');
}
