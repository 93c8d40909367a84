#!/usr/bin/env node
// The package's `install` script: what depends on this machine and its Node. It needs nothing but a compiler
// and node-api-headers.
import { makeCodeCaches } from './code-cache.mjs';
import { build, productTargets } from './native.mjs';
import { fail } from './process.mjs';

try {
  for (const line of await build(await productTargets())) console.log(line);
  const cache = await makeCodeCaches();
  if (cache !== undefined) console.log(`code cache: ${cache}`);
} catch (error) {
  fail(error);
}
