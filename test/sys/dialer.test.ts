import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeDescriptor, dial, openPidfd } from '../../src/sys/dialer.ts';
import { Meeting, Recorder } from '../native/recorder.ts';
import { codeOf, openDescriptors, until, value } from '../native/support.ts';

const NON_BLOCKING = 0o4000;

let meeting: Meeting;

beforeEach(async () => {
  meeting = await Meeting.open();
});

afterEach(() => meeting[Symbol.asyncDispose]());

describe('dial', () => {
  it('connects to who listens', async () => {
    const connection = new Recorder(value(await dial(meeting.path)));
    const callee = new Recorder(await meeting.accept());
    connection.connection.write(Buffer.from('Version\n'));
    await callee.until(() => callee.text === 'Version\n');
    callee.connection.write(Buffer.from('Ok,archon\n'));
    callee.connection.close();
    await connection.until(() => connection.isGone);
    expect(connection.text).toBe('Ok,archon\n');
  });

  it('says so where nobody listens', async () => {
    expect(codeOf(await dial(meeting.folder.file('nothing')))).toBe('ENOENT');
    const program = await meeting.folder.compile('narrow');
    const path = meeting.folder.file('stale');
    const owner = meeting.folder.start(program, [path], ['pipe', 'pipe', 'ignore']);
    if (owner.stdout === null) throw new Error('no output');
    await once(owner.stdout, 'data');
    owner.kill('SIGKILL');
    await once(owner, 'close');
    expect(codeOf(await dial(path))).toBe('ECONNREFUSED');
  });

  it('waits for a supervisor that is too busy to accept, until it is given up', async () => {
    const path = meeting.folder.file('busy');
    const program = await meeting.folder.compile('narrow');
    const owner = meeting.folder.start(program, [path], ['pipe', 'pipe', 'ignore']);
    if (owner.stdout === null) throw new Error('no output');
    await once(owner.stdout, 'data');
    const first = value(await dial(path));
    const giveUp = new AbortController();
    const impatient = dial(path, giveUp.signal);
    const patient = dial(path);
    giveUp.abort();
    expect(codeOf(await impatient)).toBe('EAGAIN');
    owner.stdin?.write('x');
    const second = value(await patient);
    for (const connection of [first, second]) connection.close();
    owner.kill();
    await once(owner, 'close');
  });
});

describe('a client that passes its standard descriptors', () => {
  it('leaves them as they were: not read, not written, not made non-blocking', async () => {
    const script = await meeting.folder.bundle('client');
    const client = meeting.folder.start(process.execPath, [script, meeting.path], ['pipe', 'pipe', 'pipe']);
    const isClosed = once(client, 'close');
    const text = { stdout: '', stderr: '' };
    client.stdout?.on('data', (bytes: Buffer) => (text.stdout += bytes.toString()));
    client.stderr?.on('data', (bytes: Buffer) => (text.stderr += bytes.toString()));
    client.stdin?.write('input that belongs to the command');
    const server = new Recorder(await meeting.accept());
    await server.until(() => server.text === 'Run,cat\n');
    expect(server.descriptors).toHaveLength(3);
    for (const descriptor of server.descriptors) {
      const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
      expect(Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? '', 8) & NON_BLOCKING).toBe(0);
    }
    // It has read nothing of its input: all of it is there for whom it was meant.
    const [input = -1, ...others] = server.descriptors;
    const reader = meeting.folder.start('head', ['-c', '33'], [input, 'pipe', 'ignore']);
    if (reader.stdout === null) throw new Error('no output');
    const [read] = (await once(reader.stdout, 'data')) as [Buffer];
    expect(read.toString()).toBe('input that belongs to the command');
    for (const descriptor of [input, ...others]) closeSync(descriptor);
    server.connection.write(Buffer.from('ExitStatus,0\n'));
    await isClosed;
    expect(text).toEqual({ stdout: '', stderr: 'ExitStatus,0\n' });
    expect(client.exitCode).toBe(0);
  });
});

describe('openPidfd', () => {
  it('gives a descriptor of a process, which closeDescriptor closes', async () => {
    const descriptor = value(openPidfd(process.pid));
    expect(openDescriptors().get(descriptor)).toMatch(/pidfd/);
    closeDescriptor(descriptor);
    await until(() => !openDescriptors().has(descriptor));
  });

  it('says so where there is no such process', () => {
    expect(codeOf(openPidfd(4_194_303))).toBe('ESRCH');
  });
});
