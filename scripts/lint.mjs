#!/usr/bin/env node
// `npm run lint`: ESLint, Prettier, the TypeScript compiler and the C compiler, side by side; each shows
// what it finds when it has ended, and one that finds anything makes the whole fail.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { cc, filesIn, nodeApiFlags } from './native.mjs';
import { ROOT, collect, fail } from './process.mjs';
import { ensureDependencies } from './setup.mjs';

const C_WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wcast-qual',
  '-Wdouble-promotion',
  '-Wfloat-equal',
  '-Wformat=2',
  '-Wmissing-declarations',
  '-Wmissing-prototypes',
  '-Wnull-dereference',
  '-Wold-style-definition',
  '-Wpointer-arith',
  '-Wshadow',
  '-Wstrict-prototypes',
  '-Wundef',
  '-Wunused-macros',
  '-Wvla',
  '-Wwrite-strings',
];

/**
 * @param {string} script of a package
 * @param {...string} args
 */
async function node(script, ...args) {
  const { code, output } = await collect(process.execPath, [`node_modules/${script}`, ...args], {
    cwd: ROOT,
  });
  return findings(code, output);
}

/**
 * What a checker found: nothing, or never nothing where it failed.
 *
 * @param {number} code
 * @param {string} output
 */
function findings(code, output) {
  if (code === 0) return '';
  return output.trim() === '' ? `it ended with code ${code} and said nothing\n` : output;
}

/** Compiles every C file as the build does, optimised, since some warnings come of the flow of data only. */
async function compileAllC() {
  const files = [
    ...(await filesIn('native', '.c', true)),
    ...(await filesIn('test', '.c', true)),
    ...(await filesIn('bench', '.c', true)),
  ];
  await mkdir(path.join(ROOT, 'build'), { recursive: true });
  const scratch = await mkdtemp(path.join(ROOT, 'build/lint-'));
  try {
    const found = await Promise.all(
      files.map(async (file, index) => {
        const flags = ['-std=gnu11', '-O2', '-fPIC', '-Inative', ...nodeApiFlags(), ...C_WARNINGS];
        const { code, output } = await cc([...flags, '-c', file, '-o', path.join(scratch, `${index}.o`)]);
        return findings(code, output);
      }),
    );
    return found.join('');
  } finally {
    await rm(scratch, { recursive: true });
  }
}

try {
  await ensureDependencies();
  const checks = {
    eslint: node('eslint/bin/eslint.js', '--max-warnings', '0', '.'),
    prettier: node('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
    tsc: node('typescript/bin/tsc', '-p', 'test'),
    cc: compileAllC(),
  };
  const report = Object.entries(checks).map(async ([name, check]) => {
    const found = (await check).trimEnd();
    console.log(found === '' ? `${name}: nothing found` : `${name}:\n${found}\n`);
    if (found !== '') process.exitCode = 1;
  });
  await Promise.all(report);
} catch (error) {
  fail(error);
}
