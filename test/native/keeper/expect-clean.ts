import { expect } from 'vitest';
import type { Bench, Outcome } from './bench.ts';

/** The test program was content, and nothing is left of it all: no process, no file, no cgroup. */
export function expectClean(bench: Bench, outcome: Outcome, code = 0): void {
  expect(outcome.text).not.toMatch(/FAILED|cannot|Sanitizer|runtime error/);
  expect({ code: outcome.code, left: outcome.left, report: outcome.report }).toEqual({
    code,
    left: [],
    report: expect.anything() as unknown,
  });
  expect(bench.leftOver()).toEqual([]);
}
