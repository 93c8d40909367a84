'use strict';
// The build puts this beside each bundled program, under the program's name: runs the program, from its
// code cache where there is one that was made of this very bundle and that this Node takes.
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** A bundle begins with so many bytes that name its content; so does the cache that was made of it. */
const STAMP_BYTES = 64;

const program = __filename.slice(0, -'.cjs'.length);
const source = readFileSync(`${program}.bundle.cjs`, 'utf8');

/** @returns {Buffer | undefined} nothing where it is missing, unreadable or of another bundle */
function codeCache() {
  try {
    const bytes = readFileSync(`${program}.cache`);
    const fits = bytes.latin1Slice(0, STAMP_BYTES) === source.slice(0, STAMP_BYTES);
    return fits ? bytes.subarray(STAMP_BYTES) : undefined;
  } catch {
    return undefined;
  }
}

// What another version of Node, or one with other flags of V8, has made is refused by V8 and not used.
const script = new Script(source, { filename: `${program}.bundle.cjs`, cachedData: codeCache() });
script.runInThisContext()(require, __dirname);
