import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Folder } from './support.ts';

const { ENOBUFS, ENOMEM } = constants.errno;
/** ETOOMANYREFS, which Node does not know. */
const ETOOMANYREFS = 109;
const EPIPE = constants.errno.EPIPE;
const FIXTURE = fileURLToPath(new URL('fixtures/starved.c', import.meta.url));

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** What came over a connection whose first calls of sendmsg fail with these. */
async function starve(
  errnos: readonly number[],
): Promise<{ readonly code: number | null; readonly came: unknown }> {
  const library = folder.file('starved.so');
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', FIXTURE, '-ldl', '-o', library];
  const made = await folder.run('cc', flags);
  expect(made.stderr).toBe('');
  const script = await folder.bundle('starving');
  const words = [`LD_PRELOAD=${library}`, `STARVED=${errnos.join(' ')}`, process.execPath, script];
  const ended = await folder.run('env', [...words, path.join(folder.path, 'socket')]);
  expect(ended.stderr).toBe('');
  return { code: ended.code, came: JSON.parse(ended.stdout) };
}

it('what a socket does not take for want of memory comes later, whole and in order', async () => {
  const errnos = [ENOBUFS, ENOMEM, ETOOMANYREFS, ENOBUFS, ENOBUFS, ENOMEM, ETOOMANYREFS];
  expect(await starve(errnos)).toEqual({
    code: 0,
    came: { heard: 'first\nsecond\nthird\n', descriptors: 1, gone: 0 },
  });
});

it('a peer that is gone is gone', async () => {
  expect(await starve([EPIPE])).toMatchObject({ code: 1, came: { heard: '', gone: 1 } });
});
