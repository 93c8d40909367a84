#!/usr/bin/env node
// `npm test [-- ARGUMENTS OF VITEST]`: installs what is missing, builds, then runs the tests.
import path from 'node:path';
import { ROOT, fail, run } from './process.mjs';
import { setUp } from './setup.mjs';

try {
  await setUp();
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  process.exitCode = await run(
    process.execPath,
    [vitest, 'run', '--configLoader', 'runner', ...process.argv.slice(2)],
    { cwd: ROOT },
  );
} catch (error) {
  fail(error);
}
