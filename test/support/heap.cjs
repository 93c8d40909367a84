/*
 * Is loaded into archond by --require: where a file asks for it, all garbage is collected, and what is left is written
 * down. So two states can be compared that differ in nothing but what happened between them.
 */
'use strict';
const { existsSync, renameSync, unlinkSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');

const folder = process.env.TEST_HEAP;
const LOOK_MS = 20;
/** What becomes garbage by a finalizer is collected in the next one. */
const ROUNDS = 4;

if (folder !== undefined && (process.argv[1] ?? '').endsWith('decide.cjs')) {
  v8.setFlagsFromString('--expose-gc');
  const collect = require('node:vm').runInNewContext('gc');
  setInterval(() => {
    if (!existsSync(`${folder}/ask`)) return;
    unlinkSync(`${folder}/ask`);
    for (let round = 0; round < ROUNDS; round += 1) collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    writeFileSync(`${folder}/answer.new`, JSON.stringify({ heapUsed, external, rss }));
    renameSync(`${folder}/answer.new`, `${folder}/answer`);
  }, LOOK_MS).unref();
}
