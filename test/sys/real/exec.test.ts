import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Folder } from '../../native/support.ts';

/** Reads from files only: what `$()` opens would be among the descriptors. */
const SCRIPT = `
echo "pid $NODE_PID $$"
echo "args $0|$1|$2|$#"
echo "env $FAILED|$NUL|\${EMPTY-unset}|\${ABSENT-unset}"
grep -E '^Sig(Blk|Ign)' /proc/self/status
grep flags /proc/$$/fdinfo/1
read -r line < /proc/$$/fd/$KEPT
echo "kept $line"
echo descriptors
ls /proc/$$/fd
`;

let folder: Folder;
let lines: string[];
let said: Map<string, string>;

beforeAll(async () => {
  folder = await Folder.make();
  writeFileSync(folder.file('kept'), 'still open\n');
  const script = await folder.bundle('becoming');
  const child = folder.start(process.execPath, [script, SCRIPT, folder.file('kept')]);
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(child, 'close');
  expect(child.exitCode).toBe(0);
  lines = text.trimEnd().split('\n');
  said = new Map(lines.map((line) => [line.split(/[ :\t]+/)[0] ?? '', line]));
});

afterAll(() => folder[Symbol.asyncDispose]());

describe('becomeProgram', () => {
  it('keeps the pid, and gives the words and the environment as they are', () => {
    const [, before, after] = (said.get('pid') ?? '').split(' ');
    expect(after).toBe(before);
    expect(said.get('args')).toBe('args zero|two words||2');
    expect(said.get('env')).toBe('env ENOENT execve|EINVAL||unset');
  });

  it('leaves no signal ignored or blocked', () => {
    const mask = (name: string): bigint => BigInt(`0x${(said.get(name) ?? '').split(/\s+/)[1] ?? ''}`);
    expect(mask('SigBlk')).toBe(0n);
    expect(mask('SigIgn')).toBe(0n);
  });

  it('sets standard output back to blocking, which Node had changed', () => {
    const flags = Number.parseInt((said.get('flags') ?? '').split(/\s+/)[1] ?? '', 8);
    expect(flags & 0o4000).toBe(0);
  });

  it('closes all descriptors but the standard ones and those that are to be kept', () => {
    expect(said.get('kept')).toBe('kept still open');
    const open = lines.slice(lines.indexOf('descriptors') + 1).map(Number);
    expect(open.filter((number) => number < 3)).toEqual([0, 1, 2]);
    expect(open).toHaveLength(4);
  });
});
