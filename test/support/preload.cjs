/*
 * Is loaded into archond by --require: makes it break at its start, or hang while it works, where a file says so. What
 * it does then is what a defect would do.
 */
'use strict';
const { existsSync } = require('node:fs');

const folder = process.env.TEST_VICES;
if (folder !== undefined && (process.argv[1] ?? '').endsWith('decide.cjs')) {
  if (existsSync(`${folder}/break`)) process.exit(70);
  setInterval(() => {
    if (!existsSync(`${folder}/hang`)) return;
    require('node:fs').unlinkSync(`${folder}/hang`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }, 20).unref();
}
