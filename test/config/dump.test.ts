import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { hideSettings } from '../../src/config/dump-text.ts';
import { FILE, load } from './rig.ts';

/** What a configuration is, without where it stands. */
function withoutPlaces({ units, groups, access, monitors }: Configuration): unknown {
  return { groups, access, monitors, units: units.map((unit) => ({ ...unit, place: undefined })) };
}

async function expectSame(text: string): Promise<void> {
  const first = await load(text);
  /* In another folder: no path depends on where the dump lies. */
  const again = await load({ '/elsewhere/dump.yaml': first.yaml });
  expect(withoutPlaces(again)).toEqual(withoutPlaces(first));
  expect(again.yaml).toBe(first.yaml);
}

/** Texts with all that YAML, commands and parameters take for something else. */
const hard = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '{{',
        '}}',
        '$',
        '{p}',
        '{instance}',
        '${x}',
        "'",
        '"',
        '\\',
        '#',
        ': ',
        '- ',
        '~',
        '\n',
        '\t',
        ' ',
      ),
      fc.constantFrom(
        'null',
        'true',
        '1.0',
        'none',
        '&a',
        '*a',
        '!x',
        '%',
        '@',
        '`',
        '\u00e9',
        '\u{1f600}',
        '\u0085',
        '<<',
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    ),
    { maxLength: 6 },
  )
  .map((parts) =>
    parts
      .join('')
      .replaceAll('\0', '')
      .replace(/[\ud800-\udfff]/gu, ''),
  );

/** As JSON, which is YAML. References to a parameter that there is not are braces twice. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/(?<!\$)\{(?=(?!p\}|instance\})[a-z][a-z0-9_.-]*\})/g, '{ ');
}

const filled = hard.filter((text) => text !== '');
const label = fc
  .stringMatching(/^[a-z0-9][a-z0-9_.:+-]{0,8}$/)
  .filter((text) => !text.endsWith('.log') && !/^\.+$/.test(text));

const unit = fc.record({
  words: fc.array(filled, { minLength: 1, maxLength: 3 }),
  description: fc.option(hard),
  env: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/), hard, { maxKeys: 3 }),
  cwd: fc.option(fc.constantFrom('.', '../x', '/srv/{p}', 'a{{b')),
  script: fc.option(filled),
  instances: fc.option(fc.integer({ min: 1, max: 3 })),
  needs: fc.nat({ max: 3 }),
  restart: fc.constantFrom('always', '{delay: 1s, limit: {count: 2, within: 1m}}', '~', 'never'),
});

const file = fc.record({
  p: hard.map((text) => text.replace(/\$$/, '')),
  units: fc.uniqueArray(fc.tuple(label, unit), { maxLength: 4, selector: ([name]) => name }),
});

describe('the dump of a configuration', () => {
  it('loads to the same', async () => {
    await fc.assert(
      fc.asyncProperty(file, async ({ p, units }) => {
        /* A program without a name is complained about. */
        fc.pre(p !== '' || units.every(([, { words }]) => words[0]?.replaceAll('{p}', '') !== ''));
        const lines = units.flatMap(([name, one], at) => [
          `  ${JSON.stringify(name)}:`,
          one.script === null
            ? `    command: [${one.words.map(quoted).join(', ')}]`
            : `    script: ${JSON.stringify(one.script)}`,
          ...(one.description === null ? [] : [`    description: ${quoted(one.description)}`]),
          `    env: {${Object.entries(one.env)
            .map(([key, value]) => `${key}: ${quoted(value)}`)
            .join(', ')}}`,
          ...(one.cwd === null ? [] : [`    cwd: ${JSON.stringify(one.cwd)}`]),
          ...(one.instances === null ? [] : [`    instances: ${one.instances}`]),
          `    needs: [${units
            .slice(0, at)
            .slice(-one.needs || at)
            .map(([other]) => JSON.stringify(other))
            .join(', ')}]`,
          `    restart: ${one.restart}`,
        ]);
        const params = `params: {p: ${JSON.stringify(p.replace(/[{}]/g, '$&$&'))}}`;
        await expectSame(
          [
            params,
            'defaults: {stop: {timeout: 3s}, env: {D: "1"}, restart: never}',
            'units:',
            ...lines,
            '',
          ].join('\n'),
        );
      }),
      { numRuns: 60 },
    );
  });

  it.each([' \n', ' \n \n', '\n \n', ' ', '\n'])('keeps the blanks of %j', async (text) => {
    await expectSame(
      `units:\n  a:\n    command: [x, ${JSON.stringify(text)}]\n    description: ${JSON.stringify(text)}\n`,
    );
  });

  it('keeps anchors, merge keys and defaults as what they come to', async () => {
    await expectSame(
      'defaults: {env: {A: "1"}}\nunits:\n  a: &a\n    command: x\n    env: {B: "2"}\n  b:\n    <<: *a\n    nice: 3\n',
    );
  });

  it('shows no setting to who may only look', async () => {
    const { yaml } = await load(
      `units:\n  web:\n    command: x\n    env: {A: secret, B: "two\\nlines"}\n    script: ~\n  env:\n    script: |\n          env:\n            A: "kept"\n`,
    );
    const shown = hideSettings(yaml);
    expect(shown).not.toMatch(/secret|two/);
    expect(shown).toContain('A: "kept"');
    const { units } = await load({ [FILE]: shown });
    expect(units[0]?.surroundings.env).toEqual([
      ['A', '(hidden)'],
      ['B', '(hidden)'],
    ]);
  });
});
