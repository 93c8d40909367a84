#!/usr/bin/env node
// `npm start`: installs what is missing, builds, then hands over to scripts/demo.mjs.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT, fail, run } from './process.mjs';
import { setUp } from './setup.mjs';

try {
  await setUp();
  const demo = path.join(ROOT, 'scripts/demo.mjs');
  if (existsSync(demo)) process.exitCode = await run(process.execPath, [demo, ...process.argv.slice(2)]);
  else console.log('archon is built: bin/archond is the supervisor, bin/archonctl its client');
} catch (error) {
  fail(error);
}
