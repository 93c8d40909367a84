import { afterEach, beforeEach, expect, it } from 'vitest';
import { Folder } from '../../native/support.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

it('a program for which there is no descriptor is not begun, and one later is', async () => {
  const script = await folder.bundle('beginning');
  const limited = `ulimit -n 256; exec "$0" "$@"`;
  const ended = await folder.run('sh', ['-c', limited, process.execPath, script]);
  expect(ended.stderr).toBe('');
  expect(JSON.parse(ended.stdout)).toEqual([{ code: 'EMFILE', call: 'spawn' }, 'input']);
});
