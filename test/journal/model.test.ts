import fc from 'fast-check';
import { describe, test } from 'vitest';
import { Oracle, steps } from './model.ts';
import { limits, Rig } from './rig.ts';

describe('whatever happens, in whatever order', () => {
  test.each([
    ['in one segment', 1_000_000_000],
    ['in many small segments', 300],
  ])('the journal is what was given to it, up to some record: %s', (_, segmentBytes) => {
    fc.assert(
      fc.property(steps, (list) => {
        const rig = new Rig();
        rig.limits = limits({ segmentBytes });
        rig.killAndOpen();
        const oracle = new Oracle(rig);
        for (const step of list) {
          oracle.take(step);
          oracle.check();
        }
      }),
      { numRuns: 100 },
    );
  });
});
