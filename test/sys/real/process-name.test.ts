import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realPidfds } from '../../../src/sys/real/pidfds.ts';
import { processFacts, programOf } from '../../../src/sys/real/process-facts.ts';
import { Folder } from '../../native/support.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** A shell that has given itself a name; it waits for its input. */
async function named(name: string): Promise<{ readonly pid: number; readonly end: () => Promise<void> }> {
  const script = 'printf %s "$1" >/proc/$$/comm && echo && read -r line';
  const child = folder.start('sh', ['-c', script, 'sh', name], ['pipe', 'pipe', 'inherit']);
  if (child.stdin === null || child.stdout === null) throw new Error('no pipes');
  const { stdin } = child;
  await once(child.stdout, 'data');
  const end = async (): Promise<void> => {
    stdin.end();
    await once(child, 'close');
  };
  return { pid: child.pid ?? 0, end };
}

it('a process is called as the kernel calls it', async () => {
  const { pid, end } = await named('my worker');
  expect([realPidfds.nameOf(pid), processFacts(pid)?.name]).toEqual(['my worker', 'my worker']);
  await end();
});

it('a process that is only called the first thread is called as its program, as Node is from version 24 on', async () => {
  const { pid, end } = await named('MainThread');
  expect(readFileSync(`/proc/${pid}/comm`, 'latin1')).toBe('MainThread\n');
  const program = programOf(pid).replace(/^.*\//, '');
  expect(program).not.toBe('');
  expect([realPidfds.nameOf(pid), processFacts(pid)?.name]).toEqual([program, program]);
  await end();
});
