import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realDescriptors } from '../../src/sys/real/descriptors.ts';
import { Meeting, Recorder } from './recorder.ts';
import { openDescriptors, value } from './support.ts';

let meeting: Meeting;
let before: Map<number, string>;

beforeEach(async () => {
  before = openDescriptors();
  meeting = await Meeting.open();
});

afterEach(async () => {
  await meeting[Symbol.asyncDispose]();
  // The first listener of a process takes the reserve, which it keeps.
  const left = [...openDescriptors()].filter(
    ([number, what]) => !before.has(number) && !what.includes('eventpoll'),
  );
  expect(left).toEqual([]);
});

async function recorders(): Promise<[caller: Recorder, callee: Recorder]> {
  const [caller, callee] = await meeting.pair();
  return [new Recorder(caller), new Recorder(callee)];
}

describe('descriptors', () => {
  /** A descriptor from which the text can be read. */
  const holding = (text: string): number => value(realDescriptors.holding(Buffer.from(text)));
  const read = (descriptor: number): string => {
    const bytes = Buffer.alloc(100);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  };

  it('arrive with the line that they were written with, and stay the sender’s', async () => {
    const [caller, callee] = await recorders();
    const sent = holding('inside');
    caller.connection.write(Buffer.from('take this\n'), [sent]);
    await callee.until(() => callee.text === 'take this\n');
    expect(callee.descriptors).toHaveLength(1);
    expect(read(callee.descriptors[0] ?? -1)).toBe('inside');
    expect(fstatSync(sent).isFIFO()).toBe(true);
    closeSync(sent);
    callee.closeDescriptors();
  });

  it('are closed on exec where they arrive', async () => {
    const [caller, callee] = await recorders();
    caller.connection.write(Buffer.from('x'), [0]);
    await callee.until(() => callee.descriptors.length === 1);
    const { stdout } = await meeting.folder.run('ls', ['/proc/self/fd']);
    expect(stdout.split('\n')).not.toContain(String(callee.descriptors[0]));
    callee.closeDescriptors();
  });

  it('come with the read that begins their line, which may begin with earlier lines and end inside theirs', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    const line = `${'x'.repeat(150_000)}\n`;
    caller.connection.write(Buffer.from('earlier 1\nearlier 2\n'));
    caller.connection.write(Buffer.from(line), [0]);
    caller.connection.write(Buffer.from('later\n'));
    callee.connection.resume();
    await callee.until(() => callee.text.endsWith('later\n'));
    expect(callee.text).toBe(`earlier 1\nearlier 2\n${line}later\n`);
    const [first, ...others] = callee.reads;
    expect(first?.descriptors).toHaveLength(1);
    expect(first?.text.startsWith('earlier 1\nearlier 2\nxxx')).toBe(true);
    expect(first?.text.endsWith('\n')).toBe(false);
    expect(others.every((other) => other.descriptors.length === 0)).toBe(true);
    callee.closeDescriptors();
  });

  it('never ride with the lines of another write', async () => {
    const [caller, callee] = await recorders();
    for (let i = 0; i < 20; i++) {
      caller.connection.write(Buffer.from(`plain ${i}\n`));
      caller.connection.write(Buffer.from(`with ${i}\n`), [0]);
    }
    await callee.until(() => callee.text.endsWith('with 19\n'));
    for (const { text, descriptors } of callee.reads) {
      // In each read the last line is the one with the descriptor, and it is whole.
      expect(descriptors).toHaveLength(1);
      expect(text).toMatch(/with \d+\n$/);
      expect(text.match(/with/g)).toHaveLength(1);
    }
    callee.closeDescriptors();
  });

  it('wait in the queue with their bytes, as duplicates', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    const filler = Buffer.alloc(1 << 20, '.');
    caller.connection.write(filler);
    const sent = holding('late but whole');
    caller.connection.write(Buffer.from('with\n'), [sent]);
    closeSync(sent);
    caller.connection.write(Buffer.from('after\n'));
    callee.connection.resume();
    await callee.until(() => callee.text.endsWith('after\n'));
    const carrying = callee.reads.filter((one) => one.descriptors.length > 0);
    expect(carrying).toHaveLength(1);
    expect(carrying[0]?.text).toMatch(/with\n$/);
    expect(read(callee.descriptors[0] ?? -1)).toBe('late but whole');
    callee.closeDescriptors();
  });

  it('up to 253 ride on one write', async () => {
    const [caller, callee] = await recorders();
    caller.connection.write(Buffer.from('all\n'), Array<number>(253).fill(0));
    await callee.until(() => callee.text === 'all\n');
    expect(callee.descriptors).toHaveLength(253);
    expect(new Set(callee.descriptors).size).toBe(253);
    expect(callee.reads[0]?.truncated).toBe(false);
    callee.closeDescriptors();
    expect(() => caller.connection.write(Buffer.from('!'), Array<number>(254).fill(0))).toThrow('EINVAL');
  });

  it('that are not open are a mistake of the writer, and cost nothing else', async () => {
    const [caller, callee] = await recorders();
    const closed = openSync('/dev/null', 'r');
    closeSync(closed);
    expect(() => caller.connection.write(Buffer.from('no'), [closed])).toThrow('EBADF');
    caller.connection.write(Buffer.from('yes'));
    await callee.until(() => callee.text === 'yes');
  });

  it('keep their own flags: a pipe does not become non-blocking by being passed', async () => {
    const [caller, callee] = await recorders();
    const sent = holding('x');
    caller.connection.write(Buffer.from('x'), [sent]);
    await callee.until(() => callee.descriptors.length === 1);
    const { stdout } = await meeting.folder.run('cat', [
      `/proc/${process.pid}/fdinfo/${callee.descriptors[0]}`,
    ]);
    expect(Number.parseInt(/flags:\s*(\d+)/.exec(stdout)?.[1] ?? '', 8) & 0o4000).toBe(0);
    closeSync(sent);
    callee.closeDescriptors();
  });

  it('in what is left unread at a close are closed', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    const sent = holding('never read');
    for (let i = 0; i < 10; i++) caller.connection.write(Buffer.from('x'), [sent]);
    closeSync(sent);
    callee.connection.close();
    await caller.until(() => caller.isGone);
  });
});
