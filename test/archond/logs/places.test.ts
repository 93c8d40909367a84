import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial } from '../../../src/sys/dialer.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { logOf, textsIn } from './log-rig.ts';

let supervisor: TestSupervisor;
let folder: string;

const CONFIGURATION = (place: string): string => `version: 1
defaults: {restart: never, type: oneshot}
units:
  apart:
    script: echo out; echo err >&2
    log: {stderr: separate}
  elsewhere:
    script: echo elsewhere
    log: {file: ${place}/else.log}
  fifo:
    script: echo into the fifo
    log: {file: ${place}/fifo}
  off: {script: echo nowhere, log: off}
  inherit: {script: "true", log: inherit}
`;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'archon-places-'));
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  writeFileSync(path.join(folder, 'archon.yaml'), CONFIGURATION(folder));
  supervisor = await TestSupervisor.start({ args: ['--config', path.join(folder, 'archon.yaml')] });
});
afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Asks on a connection that takes descriptors; the closing line, and what came with it. */
async function askForDescriptor(request: string): Promise<{ line: string; descriptors: number[] }> {
  const dialled = await dial(supervisor.socket);
  if (!dialled.ok) throw new Error(dialled.error.code);
  const connection = dialled.value;
  return new Promise((resolve) => {
    let line = '';
    const descriptors: number[] = [];
    connection.listen({
      data: (bytes, came) => {
        line += Buffer.from(bytes).toString('latin1');
        descriptors.push(...came);
        if (!line.endsWith('\n')) return;
        connection.close();
        resolve({ line: line.trimEnd(), descriptors });
      },
      ended: () => undefined,
      gone: () => undefined,
      drained: () => undefined,
    });
    connection.write(Buffer.from(`${request}\n`));
  });
}

describe('the log of a unit', () => {
  it('is found where the configuration has it', async () => {
    expect(await supervisor.ask('Wait,elsewhere,@for=finished')).toEqual(['Ok']);
    expect(textsIn(await supervisor.ask('Log,elsewhere'))).toEqual(['elsewhere']);
    expect(await supervisor.ask('Status,elsewhere')).toContain(`Field,log,${folder}/else.log`);
  });

  it('has standard error beside it where that is separate', async () => {
    expect(await supervisor.ask('Wait,apart,@for=finished')).toEqual(['Ok']);
    expect(textsIn(await supervisor.ask('Log,apart'))).toEqual(['out']);
    expect(textsIn(await supervisor.ask('Log,apart.err'))).toEqual(['err']);
  });

  it('is refused with the reason where there is none that could be read', async () => {
    for (const options of ['', ',@follow=1', ',@fd=1']) {
      for (const [label, why] of [
        ['off', /not kept/],
        ['inherit', /own output/],
        ['fifo', /no plain file/],
      ] as const) {
        const [answer = ''] = await supervisor.ask(`Log,${label}${options}`);
        expect(answer).toMatch(/^Error,.*,unsupported$/);
        expect(answer).toMatch(why);
      }
    }
  });

  it('is handed over as a descriptor that can only be read', async () => {
    await supervisor.ask("Run,sh -c 'echo one; echo two',@label=a/b,@keep=1");
    const { line, descriptors } = await askForDescriptor('#1,Log,a/b,@fd=1');
    expect(line).toBe(`#1,Ok,${logOf(supervisor, 'a/b')},8`);
    const [descriptor = -1] = descriptors;
    expect(descriptors.length).toBe(1);
    expect(readFileSync(descriptor, 'latin1')).toBe('one\ntwo\n');
    expect(() => {
      writeFileSync(descriptor, 'x');
    }).toThrow('EBADF');
    closeSync(descriptor);
    await supervisor.ask('Run,true,@label=silent,@keep=1');
    expect((await askForDescriptor('Log,silent,@fd=1')).line).toMatch(/^Error,.*,not-found$/);
    expect(await supervisor.ask('Log,silent')).toEqual(['Ok,0']);
    expect((await askForDescriptor('Log,nosuch,@fd=1')).line).toMatch(/^Error,.*,not-found$/);
  });
});
