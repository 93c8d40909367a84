#!/usr/bin/env node
// `count-tests.mjs REPORT`: prints `N passed, N failed` from vitest's JSON report as its last line, and
// fails where a test failed or none ran. A test file that could not even be loaded counts as one failed.
import { readFileSync } from 'node:fs';

/**
 * What is used of the report.
 *
 * @typedef {object} Report
 * @property {{ name: string, status: string, assertionResults: { status: string }[] }[]} testResults
 */

/** @returns {Report} */
function read() {
  try {
    return /** @type {Report} */ (JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
  } catch {
    console.log('the tests left no report');
    return { testResults: [] };
  }
}

const count = { passed: 0, failed: 0, skipped: 0 };
for (const file of read().testResults) {
  const before = count.failed;
  for (const { status } of file.assertionResults) {
    if (status === 'passed' || status === 'failed') count[status] += 1;
    else count.skipped += 1;
  }
  if (file.status === 'failed' && count.failed === before) count.failed += 1;
}
if (count.skipped > 0) console.log(`${count.skipped} skipped`);
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
