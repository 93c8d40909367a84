import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build as buildNative, filesIn, productTargets } from './native.mjs';
import { ROOT, collect } from './process.mjs';

const DIST = path.join(ROOT, 'dist');
/** What is run: each becomes one file, which starts faster than many and needs no packages beside it. */
const PROGRAMS = ['archond/main', 'archond/decide', 'archonctl/main', 'loader/main', 'loader/load'];
/** Of these, what the others load when they need it, instead of having it in their own file. */
const LOADED = new Set(['loader/load']);

/** Builds everything that is not up to date: build/native and dist. */
export async function buildAll() {
  const native = productTargets().then(buildNative);
  const [lines, says] = await Promise.all([native, buildDist()]);
  for (const line of [...lines, `dist: ${says}`]) console.log(line);
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
    for (const program of PROGRAMS) {
      if (existsSync(path.join(ROOT, `src/${program}.ts`))) await bundle(program, stage);
    }
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
 * @param {string} program
 * @param {string} stage
 */
async function bundle(program, stage) {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: ROOT,
    entryPoints: [`src/${program}.ts`],
    outfile: path.join(stage, `${program}.js`),
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    minifySyntax: true,
    external: ['*.node'],
    plugins: [leaveApart(program)],
    // Some packages are CommonJS: bundled into a module it still calls `require` for what is built in.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module';\nconst require = requireFor(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/**
 * Imports of what is loaded apart stay imports, of its own file in dist.
 *
 * @param {string} program
 * @returns {import('esbuild').Plugin}
 */
function leaveApart(program) {
  return {
    name: 'leave-apart',
    setup(build) {
      build.onResolve({ filter: /\.ts$/ }, ({ path: specifier, resolveDir, kind }) => {
        const target = path.relative(path.join(ROOT, 'src'), path.resolve(resolveDir, specifier));
        const name = target.replace(/\.ts$/, '');
        if (kind === 'entry-point' || !LOADED.has(name)) return undefined;
        const from = path.relative(path.dirname(program), name);
        return { path: `${from.startsWith('.') ? from : `./${from}`}.js`, external: true };
      });
    },
  };
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
  const scripts = ['build-all.mjs', 'native.mjs', 'process.mjs'].map((name) => `scripts/${name}`);
  const files = [...(await filesIn('src', '.ts', true)), ...scripts, 'tsconfig.json', 'package-lock.json'];
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = await readFile(path.join(ROOT, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}
