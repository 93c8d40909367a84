import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PATH_KEYS } from '../../src/config/paths.ts';
import { file } from '../../src/config/schema/file.ts';
import { jsonSchema } from '../../src/config/schema/json-schema.ts';
import { unit } from '../../src/config/schema/unit.ts';
import { ROOT } from '../support/supervisor.ts';

const SCENARIOS = path.join(ROOT, 'test/config/complaints');
const scenario = (name: string): string => readFileSync(path.join(SCENARIOS, `${name}.yaml`), 'utf8');
const page = readFileSync(path.join(ROOT, 'docs/configuration.org'), 'utf8');

/** The keys of the tables of the page, in order. */
function keysOf(heading: string): string[] {
  const [, section = ''] = page.split(`* ${heading}\n`);
  const [table = ''] = section.split('\n* ');
  return [...table.matchAll(/^\| =([^=]+)= /gm)].map(([, key = '']) => key);
}

describe('the published JSON Schema', () => {
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(jsonSchema());

  it('is written anew when the schema has changed (node scripts/write-schema.mjs)', () => {
    const published = readFileSync(path.join(ROOT, 'schema/archon.schema.json'), 'utf8');
    expect(JSON.parse(published)).toEqual(jsonSchema());
  });

  it('takes what the loader takes', () => {
    const [, example = ''] = /#\+begin_src yaml\n(.*?)#\+end_src/s.exec(page) ?? [];
    for (const text of [
      example,
      scenario('not-in-this-version'),
      scenario('dependency-cycle'),
      'units:\n  web:\n',
    ]) {
      expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
    }
  });

  it('takes parameters where something else is to stand in the end', () => {
    const text =
      'units: {web: {command: "{x}", nice: "{x}", stop: {timeout: "{x}s"}, enabled: "{on}", umask: 022}}';
    expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
  });

  it('refuses what the loader refuses by its schema', () => {
    for (const name of ['bad-value', 'unknown-key', 'ten'])
      expect([name, validate(parse(scenario(name)))]).toEqual([name, false]);
    const lines = scenario('bad-value')
      .split('\n')
      .filter((line) => /^ {4}\w/.test(line));
    const wrong = lines.filter((line) => !/command|script/.test(line));
    expect(wrong.length).toBeGreaterThan(8);
    for (const line of wrong) {
      const text = `units:\n  web:\n    command: "true"\n${line}`;
      expect([line, validate(parse(text))]).toEqual([line, false]);
    }
  });
});

describe('the page of the configuration', () => {
  it('has every key of a file and of a unit, and no other', () => {
    expect(keysOf('A file')).toEqual(Object.keys(file.shape));
    expect(keysOf('A unit')).toEqual(Object.keys(unit.shape));
  });
});

describe('the list of paths', () => {
  it('names keys that there are', () => {
    const known = Object.keys(unit.shape);
    for (const key of PATH_KEYS) expect(known).toContain(key.split('.')[0]);
  });
});

it('every kind of complaint has a scenario', () => {
  const source = readFileSync(path.join(ROOT, 'src/config/complaint.ts'), 'utf8');
  const kinds = [...source.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, kind]) => kind);
  const scenarios = readdirSync(SCENARIOS).map((name) => name.replace(/\.yaml$/, ''));
  expect(scenarios).toEqual(expect.arrayContaining(kinds));
});
