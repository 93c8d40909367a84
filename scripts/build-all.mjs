import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundlePrograms } from './bundle.mjs';
import { makeCodeCaches } from './code-cache.mjs';
import { build as buildNative, filesIn, productTargets } from './native.mjs';
import { ROOT, collect } from './process.mjs';

const DIST = path.join(ROOT, 'dist');

/** Builds everything that is not up to date: build/native, dist and its code caches. */
export async function buildAll() {
  const native = productTargets().then(buildNative);
  const [lines, says] = await Promise.all([native, buildDist()]);
  for (const line of [...lines, `dist: ${says}`]) console.log(line);
  const cache = await makeCodeCaches();
  if (cache !== undefined) console.log(`code cache: ${cache}`);
}

/**
 * Compiles src to dist and bundles each program into one file there.
 *
 * All is made in a folder of its own first; then each file that differs is renamed into place and
 * what no source stands behind any more is removed. So dist is never without a file that is in use,
 * no reader sees half of one, and a program that runs from it keeps what it has opened.
 */
async function buildDist() {
  const stampFile = path.join(DIST, '.stamp');
  const stamp = await inputDigest();
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return 'up to date';

  await mkdir(path.join(ROOT, 'build'), { recursive: true });
  const stage = await mkdtemp(path.join(ROOT, 'build/dist-'));
  try {
    await compileTo(stage);
    await bundlePrograms(stage);
    // A build that is cut short here must not be taken for a whole one by the next.
    await rm(stampFile, { force: true });
    await publish(stage);
    await writeFile(path.join(stage, 'stamp'), stamp);
    await rename(path.join(stage, 'stamp'), stampFile);
    return 'built';
  } finally {
    await rm(stage, { recursive: true });
  }
}

/** @param {string} stage */
async function compileTo(stage) {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  if (!existsSync(tsc)) throw new Error('the development packages are missing: run `npm ci`');
  const args = [
    '-p',
    '.',
    '--skipLibCheck',
    '--outDir',
    stage,
    '--incremental',
    'false',
    '--tsBuildInfoFile',
    'null',
  ];
  const { code, output } = await collect(process.execPath, [tsc, ...args], { cwd: ROOT });
  if (code !== 0) throw new Error(`the TypeScript compiler refused:\n${output.trimEnd()}`);
}

/**
 * Makes dist hold exactly the files of the stage.
 *
 * @param {string} stage
 */
async function publish(stage) {
  const made = await filesBelow(stage);
  for (const file of made) {
    const [from, to] = [path.join(stage, file), path.join(DIST, file)];
    const [fresh, old] = await Promise.all([readFile(from), readFile(to).catch(() => undefined)]);
    if (old !== undefined && fresh.equals(old)) continue;
    await mkdir(path.dirname(to), { recursive: true });
    await rename(from, to);
  }
  const wanted = new Set(made);
  for (const file of await filesBelow(DIST)) {
    if (wanted.has(file)) continue;
    // Another build may have removed it already, and a folder that still holds files stays.
    await unlink(path.join(DIST, file)).catch(() => undefined);
    await rmdir(path.dirname(path.join(DIST, file))).catch(() => undefined);
  }
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>} paths relative to it, of files only
 */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

async function inputDigest() {
  const scripts = ['build-all.mjs', 'bundle.mjs', 'loader.cjs', 'native.mjs', 'process.mjs'].map(
    (name) => `scripts/${name}`,
  );
  const files = [...(await filesIn('src', '.ts', true)), ...scripts, 'tsconfig.json', 'package-lock.json'];
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = await readFile(path.join(ROOT, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}
