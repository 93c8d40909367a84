import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './process.mjs';

/**
 * What is run, by its file below src. Each becomes one file, which starts faster than many and needs no
 * packages beside it; `apart` are packages, or sources of ours, that few runs need: files of their own.
 *
 * @type {readonly { name: string, apart: readonly string[] }[]}
 */
const PROGRAMS = [
  { name: 'archond/main', apart: ['loader/load'] },
  { name: 'archond/decide', apart: [] },
  { name: 'archond/rules/worker', apart: [] },
  {
    name: 'archonctl/main',
    apart: ['commander', 'csv-stringify/sync', 'loader/load', 'loader/rules', 'loader/usual'],
  },
  { name: 'loader/main', apart: [] },
];

/** Stands at the head of a bundle until its content is known; then its digest does (scripts/loader.cjs). */
const BLANK = `// ${'0'.repeat(60)}\n`;

/** How esbuild makes a CommonJS file: unlike a module it can be compiled from a code cache. */
const COMMON = /** @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: ROOT,
  allowOverwrite: true,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  sourcesContent: false,
  minifySyntax: true,
  minifyWhitespace: true,
  // What is loaded later is in the same file, or in one of packages/.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.dirname': '__dirname', 'globalThis.ARCHON_FREEZES': 'false' },
  external: ['*.node'],
  logLevel: 'warning',
});

/**
 * Makes of each program whose source is there: `<name>.bundle.cjs`, all of it as one function, and
 * `<name>.cjs`, which is what is called; and of what stands apart, `packages/<name>.cjs`.
 *
 * @param {string} stage the folder to make them in
 */
export async function bundlePrograms(stage) {
  const { build, stop } = await import('esbuild');
  try {
    await bundleWith(build, stage);
  } finally {
    /* Its service would live as long as this process: of `npm start`, for hours. */
    await stop();
  }
}

/**
 * @param {typeof import('esbuild').build} build
 * @param {string} stage
 */
async function bundleWith(build, stage) {
  const here = PROGRAMS.filter(({ name }) => existsSync(path.join(ROOT, `src/${name}.ts`)));
  for (const { name, apart } of here) {
    const bundle = path.join(stage, `${name}.bundle.cjs`);
    await build({
      ...COMMON,
      entryPoints: [`src/${name}.ts`],
      outfile: bundle,
      banner: { js: `${BLANK}(function (require, __dirname) {` },
      footer: { js: '})' },
      plugins: [standApart(apart)],
    });
    await stamp(bundle);
    await copyFile(path.join(ROOT, 'scripts/loader.cjs'), path.join(stage, `${name}.cjs`));
    for (const one of apart) {
      const own = `src/${one}.ts`;
      const isOwn = existsSync(path.join(ROOT, own));
      /* A source of ours that is not there is imported by nobody. */
      if (!isOwn && !existsSync(path.join(ROOT, 'node_modules', one.split('/')[0] ?? ''))) continue;
      const entryPoints = [isOwn ? own : one];
      await build({ ...COMMON, entryPoints, outfile: path.join(stage, 'packages', fileOf(one)) });
    }
  }
}

/** @param {string} name of a package, of a file in one, or of a source */
const fileOf = (name) => `${name.replaceAll('/', '-')}.cjs`;

/**
 * @param {readonly string[]} apart
 * @returns {import('esbuild').Plugin} leaves these out of the bundle, which finds them beside its folder
 */
function standApart(apart) {
  return {
    name: 'stand-apart',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path: specifier, resolveDir, kind }) => {
        const source = path.relative(path.join(ROOT, 'src'), path.resolve(resolveDir, specifier));
        const name = specifier.startsWith('.') ? source.replace(/\.ts$/, '') : specifier;
        if (kind === 'entry-point' || !apart.includes(name)) return undefined;
        return { path: `../packages/${fileOf(name)}`, external: true };
      });
    },
  };
}

/** @param {string} file */
async function stamp(file) {
  const text = await readFile(file, 'utf8');
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(file, text.replace(BLANK, `// ${digest.slice(0, 60)}\n`));
}
