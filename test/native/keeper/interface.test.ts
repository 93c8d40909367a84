import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cc } from '../../../scripts/native.mjs';
import { collect } from './bench.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const WIRE = path.join(ROOT, 'native/keeper/wire.h');

/** `struct name.field` to `offset size`, and `NAME` to its value, as a page or the compiler has them. */
type Numbers = Map<string, string>;

interface Declared {
  readonly fields: readonly { readonly struct: string; readonly field: string }[];
  readonly constants: readonly string[];
}

/** What wire.h declares: fields of structures (their heads left out) and named numbers. */
function declarations(header: string): Declared {
  const text = header.replace(/\/\*.*?\*\//gs, '');
  const fields = [...text.matchAll(/^struct (\w+) \{(.*?)\};/gms)].flatMap(([, struct = '', body = '']) =>
    body
      .split(';')
      .filter((line) => !line.includes('struct message_header'))
      .flatMap((line) => line.trim().replace(/^\w+ /, '').split(','))
      .map((field) => field.trim().replace(/\[.*/, ''))
      .filter((field) => field !== '')
      .map((field) => ({ struct, field })),
  );
  const enums = [...text.matchAll(/^enum \w+ \{(.*?)\};/gms)].flatMap(([, body = '']) =>
    [...body.matchAll(/(\w+) = \d+/g)].map(([, name = '']) => name),
  );
  const defines = [...text.matchAll(/^#define (\w+) (?:\d|\()/gm)].map(([, name = '']) => name);
  return { fields, constants: [...enums, ...defines] };
}

/** The same, by the compiler. */
async function compiled({ fields, constants }: Declared): Promise<Numbers> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'archon-wire-'));
  try {
    const lines = [
      ...fields.map(
        ({ struct, field }) =>
          `printf("struct ${struct}.${field}=%zu %zu\\n", offsetof(struct ${struct}, ${field}), sizeof((struct ${struct} *)0)->${field});`,
      ),
      ...constants.map((name) => `printf("${name}=%llu\\n", (unsigned long long)${name});`),
    ];
    const source = `#include <stddef.h>\n#include <stdio.h>\n#include "keeper/wire.h"\nint main(void) {\n${lines.join('\n')}\n}\n`;
    await writeFile(`${folder}/numbers.c`, source);
    const made = await cc(['-Inative', `${folder}/numbers.c`, '-o', `${folder}/numbers`]);
    expect(made).toEqual({ code: 0, output: '' });
    const { text } = await collect([`${folder}/numbers`]);
    return new Map(text.trim().split('\n').map(pair));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function pair(line: string): [string, string] {
  const [name = '', value = ''] = line.split('=');
  return [name, value];
}

/** The same, by the page: rows of tables whose first column is `offset` or whose second is `value`. */
function written(page: string): Numbers {
  const numbers: Numbers = new Map();
  let struct = '';
  for (const line of page.split('\n')) {
    struct = /^\*+ (struct \w+)$/.exec(line)?.[1] ?? struct;
    const cells = line.split('|').map((cell) => cell.trim());
    const [, first = '', second = '', third = ''] = cells;
    if (/^\d+$/.test(first)) numbers.set(`${struct}.${second}`, `${first} ${third}`);
    else if (/^[A-Z]\w+$/.test(first)) numbers.set(first, String(Number(second)));
  }
  return numbers;
}

const sorted = (numbers: Numbers): [string, string][] =>
  [...numbers].sort(([one], [other]) => (one < other ? -1 : 1));

it('has every word of wire.h on the page of the interface, with the same numbers, and no other', async () => {
  const declared = declarations(await readFile(WIRE, 'utf8'));
  const pages = ['docs/keeper-interface.org', 'docs/keeper-channel.org'];
  const texts = await Promise.all(pages.map(async (page) => readFile(path.join(ROOT, page), 'utf8')));
  expect(declared.fields.length).toBeGreaterThan(100);
  expect(declared.constants.length).toBeGreaterThan(60);
  expect(sorted(written(texts.join('\n')))).toEqual(sorted(await compiled(declared)));
});
