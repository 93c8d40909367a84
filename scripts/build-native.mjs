#!/usr/bin/env node
// Compiles the C sources into build/native; `--sanitize` makes the keeper's test build instead.
// It needs nothing but a compiler and node-api-headers.
import { build, productTargets, sanitizedTargets } from './native.mjs';
import { fail } from './process.mjs';

try {
  const targets = process.argv.includes('--sanitize') ? await sanitizedTargets() : await productTargets();
  for (const line of await build(targets)) console.log(line);
} catch (error) {
  fail(error);
}
