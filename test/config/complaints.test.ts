import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { linesAbout } from './rig.ts';

const SCENARIOS = fileURLToPath(new URL('complaints', import.meta.url));

/** The lines that are expected stand behind the text, as comments of this beginning. */
const EXPECTED = '#! ';

/** What cannot be had on the machine of all scenarios. */
const WITHOUT = { cpu: { kind: 'version-1' } } as const;

/** A scenario's files, the one that is given on the command line first. */
function filesOf(scenario: string): Readonly<Record<string, string>> {
  const where = path.join(SCENARIOS, scenario);
  if (!statSync(where).isDirectory()) return { [`/etc/archon/${scenario}`]: readFileSync(where, 'utf8') };
  return Object.fromEntries(
    readdirSync(where).map((name) => [`/etc/archon/${name}`, readFileSync(path.join(where, name), 'utf8')]),
  );
}

describe('a configuration is complained about', () => {
  const scenarios = readdirSync(SCENARIOS);

  it.each(scenarios)('as %s says', async (scenario) => {
    const files = filesOf(scenario);
    const [text = ''] = Object.values(files);
    const expected = text.split('\n').filter((line) => line.startsWith(EXPECTED));
    expect(await linesAbout(files, undefined, WITHOUT)).toEqual(
      expected.map((line) => line.slice(EXPECTED.length)),
    );
  });
});
