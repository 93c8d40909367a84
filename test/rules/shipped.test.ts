import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { testFile } from '../../src/rules/test-file.ts';
import { ROOT } from '../support/supervisor.ts';
import { CLOCKS } from './rig.ts';

const FOLDER = path.join(ROOT, 'rules');
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.lua'));
const PAGE = readFileSync(path.join(ROOT, 'docs/shipped-rules.org'), 'utf8');

describe('rules that come along', () => {
  it.each(NAMES)(
    '%s passes its own cases, of which it has two at least, and has its words in the page',
    (name) => {
      const tested = testFile({ name, text: readFileSync(path.join(FOLDER, name)) }, CLOCKS);
      const cases = tested.ok ? tested.value : [];
      expect(tested.ok ? cases.flatMap(({ faults }) => faults) : tested.error).toEqual([]);
      expect(cases.length).toBeGreaterThanOrEqual(2);
      expect(PAGE).toContain(`* ${name}: `);
    },
  );
});
