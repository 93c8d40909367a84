import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { ROOT, collect } from './process.mjs';

/**
 * One file to be made of C sources.
 *
 * @typedef {object} Target
 * @property {string} name file below build/native
 * @property {readonly string[]} sources paths relative to the project
 * @property {readonly string[]} flags for compiling and linking
 * @property {readonly { says: string, flags: readonly string[] }[]} links ways to link, the best first
 */

/** The words of $CC, by default `cc`. */
export const CC = (process.env['CC'] ?? '').split(' ').filter((word) => word !== '');
if (CC.length === 0) CC.push('cc');

const SHARED_FLAGS = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-Inative'];

/**
 * The files below a folder of the project whose names end so, sorted; none where the folder is missing.
 *
 * @param {string} folder relative to the project
 * @param {string} ending
 * @param {boolean} [deep] those of its folders too
 */
export async function filesIn(folder, ending, deep = false) {
  /** @type {string[]} */
  const names = await readdir(path.join(ROOT, folder), { recursive: deep }).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name))
    .sort();
}

/** The flags that let a source of the helper find node_api.h. */
export function nodeApiFlags() {
  try {
    const require = createRequire(path.join(ROOT, 'package.json'));
    const headers = /** @type {{ include_dir: string }} */ (require('node-api-headers'));
    return ['-isystem', headers.include_dir];
  } catch {
    throw new Error('the package node-api-headers is missing: run `npm ci`');
  }
}

/** @returns {Promise<Target[]>} what the installed product needs; nothing where there are no sources */
export async function productTargets() {
  const helper = [
    ...(await filesIn('native', 'helper.c')).filter((file) => file === 'native/helper.c'),
    ...(await filesIn('native/helper', '.c')),
  ];
  const keeper = await filesIn('native/keeper', '.c');
  const shim = await shimSources();
  /** @type {Target[]} */
  const targets = [];
  if (helper.length > 0) {
    const flags = [...SHARED_FLAGS, '-fPIC', '-fvisibility=hidden', ...nodeApiFlags()];
    targets.push({
      name: 'helper.node',
      sources: helper,
      flags,
      links: [{ says: 'shared', flags: ['-shared'] }],
    });
  }
  if (keeper.length > 0) {
    const links = [
      { says: 'static', flags: ['-static'] },
      { says: 'dynamic, since this platform has no static C library', flags: [] },
    ];
    targets.push({ name: 'keeper', sources: keeper, flags: SHARED_FLAGS, links });
  }
  if (shim.length > 0) {
    const flags = [...SHARED_FLAGS, '-fPIC', '-fvisibility=hidden'];
    // Names are resolved when it is loaded: later it may be called where that cannot be done.
    const links = [{ says: 'shared', flags: ['-shared', '-Wl,-z,now', '-Wl,--no-as-needed', '-ldl'] }];
    targets.push({ name: 'bindshim.so', sources: shim, flags, links });
  }
  return targets;
}

async function shimSources() {
  return [
    ...(await filesIn('native', 'bindshim.c')).filter((file) => file === 'native/bindshim.c'),
    ...(await filesIn('native/bindshim', '.c')),
  ];
}

/** @returns {Promise<Target[]>} the keeper under the address and undefined-behaviour sanitizers, for tests */
export async function sanitizedTargets() {
  const sources = await filesIn('native/keeper', '.c');
  const sanitize = [
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all',
    '-fno-omit-frame-pointer',
    '-g',
  ];
  const links = [{ says: 'sanitized', flags: [] }];
  return sources.length === 0
    ? []
    : [{ name: 'keeper-asan', sources, flags: [...SHARED_FLAGS, ...sanitize], links }];
}

/**
 * Builds what is not up to date, as many files at a time as there are processors.
 *
 * Each target is made in a folder of its own and renamed into place, so that two builds at once
 * never show anyone half a file. What is up to date is known by content, not by time: a stamp
 * beside the file holds the digest of all that went into it and of the file itself.
 *
 * @param {readonly Target[]} targets
 * @returns {Promise<string[]>} one line for each target
 */
export async function build(targets) {
  return Promise.all(targets.map(async (target) => `${target.name}: ${await buildOne(target)}`));
}

/** @param {Target} target */
async function buildOne(target) {
  const folder = path.join(ROOT, 'build/native');
  const product = path.join(folder, target.name);
  const stamp = `${product}.stamp`;
  const inputs = await inputDigest(target);
  const output = await readFile(product).catch(() => undefined);
  if (output !== undefined) {
    const [stampedInputs, stampedOutput, says] = (await readFile(stamp, 'utf8').catch(() => '')).split('\n');
    if (stampedInputs === inputs && stampedOutput === digest([output])) return `up to date (${says})`;
  }

  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(path.join(folder, `tmp-${target.name}-`));
  try {
    const compiled = await Promise.allSettled(
      target.sources.map(async (source, index) => {
        const object = path.join(scratch, `${index}.o`);
        await compile([...target.flags, '-c', source, '-o', object]);
        return object;
      }),
    );
    const objects = compiled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
    const made = path.join(scratch, target.name);
    const says = await link(target, objects, made);
    await writeFile(path.join(scratch, 'stamp'), `${inputs}\n${digest([await readFile(made)])}\n${says}\n`);
    await rename(made, product);
    await rename(path.join(scratch, 'stamp'), stamp);
    return says;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/**
 * @param {Target} target
 * @param {readonly string[]} objects
 * @param {string} file
 */
async function link(target, objects, file) {
  for (const way of target.links.slice(0, -1)) {
    const { code } = await cc([...target.flags, ...way.flags, ...objects, '-o', file]);
    if (code === 0) return way.says;
  }
  const last = target.links.at(-1);
  await compile([...target.flags, ...(last?.flags ?? []), ...objects, '-o', file]);
  return last?.says ?? '';
}

/**
 * Runs the compiler and shows what it says.
 *
 * @param {readonly string[]} args
 */
async function compile(args) {
  const { code, output } = await cc(args);
  if (code === 0) {
    process.stderr.write(output);
    return;
  }
  if (!(await worksAtAll())) throw new Error(missingCompiler('cannot compile a program of one line'));
  throw new Error(`the compiler refused:\n${output.trimEnd()}`);
}

/** Whether the compiler can make any program: one without the C library's headers cannot. */
async function worksAtAll() {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'archon-cc-'));
  try {
    const source = path.join(scratch, 'one.c');
    await writeFile(source, '#include <stdio.h>\nint main(void) { return puts("one") < 0; }\n');
    return (await cc([source, '-o', path.join(scratch, 'one')])).code === 0;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

let running = 0;
/** @type {(() => void)[]} */
const waiting = [];

/**
 * Runs the compiler once a processor is free for it.
 *
 * @param {readonly string[]} args
 */
export async function cc(args) {
  if (running >= os.availableParallelism()) await new Promise((go) => waiting.push(() => go(undefined)));
  else running += 1;
  try {
    return await collect(CC[0] ?? 'cc', [...CC.slice(1), ...args], { cwd: ROOT });
  } catch {
    throw new Error(missingCompiler('was not found'));
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** @param {string} what */
function missingCompiler(what) {
  return (
    `the C compiler \`${CC.join(' ')}\` ${what}; install one with \`apt-get install gcc libc6-dev\` (Debian, ` +
    'Ubuntu) or `apk add build-base` (Alpine), or name yours in $CC'
  );
}

/** @param {Target} target */
async function inputDigest(target) {
  const files = [...target.sources, ...(await filesIn('native', '.h', true))];
  const contents = await Promise.all(files.map((file) => readFile(path.join(ROOT, file))));
  return digest([
    JSON.stringify([os.arch(), CC, target, files]),
    ...contents.map((bytes) => digest([bytes])),
  ]);
}

/** @param {readonly (string | Uint8Array)[]} parts */
function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
