import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unit as schema } from '../../src/config/schema/unit.ts';
import { unitChanges } from '../../src/config/unit-changes.ts';
import { load, linesAbout } from './rig.ts';

const PAGE = fileURLToPath(new URL('../../docs/units.org', import.meta.url));

/** What the page says of a key. */
interface Section {
  readonly key: string;
  readonly preset: string;
  /** Its examples, each as the lines of a unit. */
  readonly examples: readonly string[];
}

/** A key that begins anew begins another example. */
function examplesOf(lines: readonly string[], key: string): readonly string[] {
  const examples: string[][] = [];
  for (const line of lines) {
    const last = examples.at(-1);
    const isAnew =
      last === undefined || (line.startsWith(`${key}:`) && last.some((one) => one.startsWith(`${key}:`)));
    if (isAnew) examples.push([line]);
    else last.push(line);
  }
  return examples.map((one) => one.join('\n'));
}

const sections = readFileSync(PAGE, 'utf8')
  .split(/^\*\* /m)
  .slice(1)
  .map((text): Section => {
    const [key = '', ...lines] = text.split('\n');
    const preset = /^Default =(.+?)=\./m.exec(text)?.[1] ?? '';
    const shown = lines.filter((line) => line.startsWith(': ')).map((line) => line.slice(2));
    return { key, preset, examples: examplesOf(shown, key) };
  });

/** A file with this unit, and another one that it may name. */
function fileWith(keys: string): string {
  const program = /^(?:command|script):/m.test(keys) ? '' : 'command: "true"\n';
  const lines = `${program}${keys}`.split('\n').map((line) => `    ${line}`);
  return `units:\n  db: {command: "true"}\n  web:\n${lines.join('\n')}\n`;
}

const NOT_YET = ' cannot be had in this version';

describe(`the page of keys (${path.basename(PAGE)})`, () => {
  it('has every key of the schema, and no other', () => {
    expect(sections.map(({ key }) => key).sort()).toEqual(Object.keys(schema.shape).sort());
  });

  it('shows examples that can be loaded, and have the key that they are of', async () => {
    for (const { key, examples } of sections) {
      expect(examples.length, key).toBeGreaterThan(0);
      for (const example of examples) {
        expect(example, key).toMatch(new RegExp(`^${key}:`, 'm'));
        const file = fileWith(example);
        const isWhole = await load(file).then(
          () => true,
          () => false,
        );
        const complaints = isWhole ? [] : await linesAbout(file);
        expect(
          complaints.filter((line) => !line.endsWith(NOT_YET)),
          `${key}: ${example}`,
        ).toEqual([]);
      }
    }
  });

  it('tells the defaults that there are', async () => {
    const plain = (await load(fileWith(''))).units.find(({ label }) => label === 'web');
    for (const { key, preset } of sections) {
      expect(preset, key).not.toBe('');
      if (key === 'command' || key === 'script') continue;
      const file = fileWith(`${key}: ${preset}`);
      const units = await load(file).then(
        (loaded) => loaded.units,
        async () => {
          /* A default of what cannot be had yet can only be complained of as that. */
          for (const line of await linesAbout(file)) expect(line, key).toContain(NOT_YET);
          return undefined;
        },
      );
      const unit = units?.find(({ label }) => label === 'web');
      if (unit !== undefined && plain !== undefined)
        expect(unitChanges(plain, unit), `${key}: ${preset}`).toEqual({ restart: [], takenOver: [] });
    }
  });
});
