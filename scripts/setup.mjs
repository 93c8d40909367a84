import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROOT, run } from './process.mjs';

/**
 * One package as a lock file describes it.
 *
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} Locked
 */

/**
 * @param {string} file
 * @returns {Promise<Record<string, Locked> | undefined>}
 */
async function packagesOf(file) {
  try {
    const text = await readFile(path.join(ROOT, file), 'utf8');
    return /** @type {{ packages: Record<string, Locked> }} */ (JSON.parse(text)).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm leaves a stamp of its own there,
 * node_modules/.package-lock.json, written last; it lists what was really installed, so that also
 * an install without the development packages, or one of another lock file, is told apart.
 */
async function dependenciesAreCurrent() {
  const wanted = await packagesOf('package-lock.json');
  if (wanted === undefined) throw new Error('package-lock.json is missing or damaged');
  const installed = await packagesOf('node_modules/.package-lock.json');
  if (installed === undefined) return false;

  const names = new Set([...Object.keys(wanted), ...Object.keys(installed)]);
  names.delete('');
  return [...names].every((name) => {
    const [want, have] = [wanted[name], installed[name]];
    if (have === undefined) return want?.optional === true;
    return isDeepStrictEqual([want?.version, want?.integrity], [have.version, have.integrity]);
  });
}

/** Installs the dependencies with `npm ci` where they are missing or others than the lock file's. */
export async function ensureDependencies() {
  if (await dependenciesAreCurrent()) return;
  console.log('installing dependencies (npm ci) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  // Below `npm test` the npm that runs it is named; it need not be the first one in PATH.
  const npm = process.env['npm_execpath'];
  const code =
    npm?.endsWith('.js') === true
      ? await run(process.execPath, [npm, ...args], { cwd: ROOT })
      : await run('npm', args, { cwd: ROOT });
  if (code !== 0) throw new Error(`npm ci ended with code ${code}; what it says stands above`);
}

/** Installs, where needed, and builds. */
export async function setUp() {
  await ensureDependencies();
  const { buildAll } = await import('./build-all.mjs');
  await buildAll();
}
