import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT, TestSupervisor } from '../support/supervisor.ts';

/** A copy of an example in a folder of the test, with other values for its parameters. */
function copyOf(name: string, folder: string, parameters: Readonly<Record<string, string>>): string {
  const copy = path.join(folder, name);
  cpSync(path.join(ROOT, 'examples', name), copy, { recursive: true });
  const file = path.join(copy, 'archon.yaml');
  let text = readFileSync(file, 'utf8');
  for (const [key, value] of Object.entries(parameters)) {
    const line = new RegExp(`^  ${key}: .*$`, 'm');
    expect(text).toMatch(line);
    text = text.replace(line, `  ${key}: ${JSON.stringify(value)}`);
  }
  writeFileSync(file, text);
  return file;
}

async function states(supervisor: TestSupervisor): Promise<string> {
  const lines = await supervisor.ask('List');
  return lines
    .slice(0, -1)
    .map((line) => line.split(',').slice(1, 3).join(':'))
    .join(' ');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('an example', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-example-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('of a robot comes up in order, each in its own way, and goes down with what it stands on', async () => {
    const run = path.join(folder, 'run');
    const config = copyOf('robot', folder, { dir: path.join(folder, 'robot'), run });
    await using supervisor = await TestSupervisor.start({ args: ['--config', config] });
    const all =
      'camera:running folders:finished localization:running mission:running motors:running planner:running recorder:stopped';
    await expect.poll(async () => states(supervisor), { timeout: 60_000 }).toBe(all);
    const ready = (await supervisor.ask('Events,@kind=running')).map((line) => line.split(',')[3]);
    const at = (label: string): number => ready.indexOf(label);
    expect(at('motors')).toBeLessThan(at('localization'));
    expect(at('localization')).toBeLessThan(at('planner'));
    expect(at('planner')).toBeLessThan(at('mission'));
    expect(await supervisor.ask('Stop,motors')).toMatchObject([/conflict,localization,mission,planner$/]);
    await supervisor.ask('Signal,KILL,motors');
    await supervisor.ask('Wait,mission,@for=waiting,@timeout=30s', 'Wait,mission,@for=running,@timeout=30s');
    await expect.poll(async () => states(supervisor), { timeout: 60_000 }).toBe(all);
  });

  it('of a container migrates first, and replaces its server without refusing anybody', async () => {
    const port = await freePort();
    const data = path.join(folder, 'data');
    mkdirSync(data);
    const config = copyOf('container', folder, { dir: path.join(folder, 'container'), data });
    const text = readFileSync(config, 'utf8');
    writeFileSync(
      config,
      text
        .replace('port: 8080, host: 0.0.0.0', `port: ${port}, host: 127.0.0.1`)
        .replace('[node,', `[${process.execPath},`),
    );
    await using supervisor = await TestSupervisor.start({ args: ['--config', config] });
    await expect
      .poll(async () => states(supervisor), { timeout: 60_000 })
      .toBe('cache:running hourly:running migrate:finished server:running');
    expect(readFileSync(path.join(data, 'version'), 'utf8')).toBe('1\n');
    const served = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text();
    const before = await served();
    expect(before).toMatch(/^served by \d+\n$/);
    expect((await supervisor.ask('Restart,server')).at(-1)).toBe('Ok,1');
    // The old one may answer until it has heard that it is to stop.
    await expect.poll(served).not.toBe(before);
  });

  it('of a boot does each step once, and undoes what is to be undone', async () => {
    const root = path.join(folder, 'root');
    mkdirSync(root);
    const config = copyOf('boot', folder, { root });
    const clock = path.join(root, 'var/clock');
    {
      await using supervisor = await TestSupervisor.start({ args: ['--config', config] });
      await expect
        .poll(async () => states(supervisor), { timeout: 60_000 })
        .toBe(
          'check:finished clock:finished console:running directories:finished hostname:finished ready:finished syslog:running',
        );
      expect(existsSync(path.join(root, 'run/lock'))).toBe(true);
      expect(existsSync(clock)).toBe(false);
    }
    expect(readFileSync(clock, 'utf8')).toMatch(/^\d+\n$/);
  });
});
