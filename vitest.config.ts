import { defineConfig } from 'vitest/config';

/** Where a report for programs goes beside the one for people; .ci/run counts from it. */
const report = process.env['ARCHON_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globals: false,
    pool: 'forks',
    fileParallelism: true,
    maxWorkers: 2,
    testTimeout: 60_000,
    // Programs in C are compiled in hooks: that takes seconds, and minutes beside forty others.
    hookTimeout: 300_000,
    // A second, the default, is soon gone on a busy machine.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
