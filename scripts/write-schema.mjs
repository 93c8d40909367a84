#!/usr/bin/env node
// Writes schema/archon.schema.json anew from the schema of the sources. A test says when that is to be done.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './process.mjs';

const { jsonSchema } = /** @type {{ jsonSchema: () => object }} */ (
  await import(path.join(ROOT, 'dist/config/schema/json-schema.js'))
);
await mkdir(path.join(ROOT, 'schema'), { recursive: true });
await writeFile(path.join(ROOT, 'schema/archon.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
