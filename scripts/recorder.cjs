'use strict';
// In the place of loader.cjs while the code caches are made: runs the program as that does, and at its end, or
// at a SIGUSR2, writes what V8 has compiled by then. What earlier runs have left is kept: several add up.
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const STAMP_BYTES = 64;
const program = __filename.slice(0, -'.cjs'.length);
const source = readFileSync(`${program}.bundle.cjs`, 'utf8');
const cache = `${program}.cache`;
const cachedData = existsSync(cache) ? readFileSync(cache).subarray(STAMP_BYTES) : undefined;
const script = new Script(source, { filename: `${program}.bundle.cjs`, cachedData });

function record() {
  const own = `${cache}.${process.pid}`;
  writeFileSync(own, Buffer.concat([Buffer.from(source.slice(0, STAMP_BYTES)), script.createCachedData()]));
  renameSync(own, cache);
}

process.once('exit', record);
process.once('SIGUSR2', record);
script.runInThisContext()(require, __dirname);
