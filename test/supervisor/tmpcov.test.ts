import fc from 'fast-check';
import { test } from 'vitest';
import { world } from './arbitraries.ts';
test('c', () => {
  const m = new Map<string, number>();
  let n = 0;
  for (const w of fc.sample(world, { numRuns: 400, seed: 20 })) {
    n += w.entries.length;
    for (const e of w.entries) {
      const k = e.before.state.kind + ' ' + e.event.kind + ' ' + e.step.verdict;
      m.set(k, (m.get(k) ?? 0) + 1);
    }
  }
  console.log(n, [...m].sort((a, b) => a[1] - b[1]).slice(0, 30));
});
