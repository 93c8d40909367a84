import { accessSync, chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRecord } from '../../src/protocol/record.ts';
import { Ear } from '../archond/configured/host.ts';
import { isAlive, startTicksOf } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { ROOT, TestSupervisor } from '../support/supervisor.ts';
import { toldAmong } from '../support/told.ts';

const isRoot = process.getuid?.() === 0;
const POSTGRESQL = '/usr/lib/postgresql';
const PROGRAMS = ['/usr/bin/redis-server', '/usr/sbin/nginx', POSTGRESQL];
const hasPrograms = PROGRAMS.every((file) => {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
});
/* Where everything is tested they must be there. */
const isRun = isRoot && (hasPrograms || process.env['CI'] !== undefined);

/** What stays up, and what each takes down with it when it dies. */
const DEPENDENTS: Readonly<Record<string, readonly string[]>> = {
  web: [],
  application: ['web'],
  cache: ['application', 'web'],
  database: ['schema', 'application', 'web'],
};
const SERVICES = Object.keys(DEPENDENTS);

/** A process that is not taken for another one with its number. */
interface Alive {
  readonly pid: number;
  readonly start: string | undefined;
}

describe.skipIf(!isRun)(
  'the web stack (needs root, and the packages postgresql, redis-server and nginx-light)',
  { timeout: 240_000 },
  () => {
    let folder: string;
    let port: number;
    let supervisor: TestSupervisor;

    beforeAll(async () => {
      folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-web-'));
      chmodSync(folder, 0o755);
      port = await freePort();
      const [version = ''] = readdirSync(POSTGRESQL).sort().reverse();
      supervisor = await TestSupervisor.start({
        isOpen: true,
        config: JSON.stringify({
          version: 1,
          params: {
            data: path.join(folder, 'data'),
            port: String(port),
            postgresql: path.join(POSTGRESQL, version, 'bin'),
          },
          include: [path.join(ROOT, 'examples/web-stack/stack.yaml')],
        }),
      });
    });

    afterAll(async () => {
      await supervisor[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();

    const listen = async (): Promise<Ear> => {
      const client = await StreamClient.connect(supervisor.socket, 'Subscribe');
      await client.untilLine(/^Ok,/);
      return new Ear(client);
    };

    /** All processes of a unit. */
    const treeOf = async (label: string): Promise<Alive[]> =>
      (await supervisor.ask(`Tree,${label}`)).flatMap((line) => {
        const record = decodeRecord(Buffer.from(line, 'latin1'));
        const [name, , pid] = record.ok ? record.value : [];
        return name === 'Process' ? [{ pid: Number(pid), start: startTicksOf(Number(pid)) }] : [];
      });

    const isLeft = ({ pid, start }: Alive): boolean => isAlive(pid) && startTicksOf(pid) === start;

    it('comes up in order, each ready in its own way', async () => {
      expect(await supervisor.ask('Wait,web,@for=running')).toEqual(['Ok']);
      const told = toldAmong(await supervisor.ask('Events')).map(({ label, kind }) => `${label} ${kind}`);
      const order = [
        'folders finished',
        'database-files starting',
        'database-files finished',
        'database starting',
        'database running',
        'schema starting',
        'schema finished',
        'application starting',
        'application running',
        'web starting',
        'web running',
      ];
      expect(told.filter((one) => order.includes(one))).toEqual(order);
      expect(told.indexOf('folders finished')).toBeLessThan(told.indexOf('cache starting'));
      expect(told.indexOf('cache running')).toBeLessThan(told.indexOf('application starting'));
      expect(await page()).toMatch(/^visits: \d+ since the cache started, \d+ ever\n$/);
      /* What redis tells systemd. */
      expect(await supervisor.ask('Status,cache')).toContain('Field,status,Ready to accept connections');
    });

    it.each(SERVICES)('comes back when %s is killed, and nothing of the dead is left', async (victim) => {
      const fallen = [victim, ...(DEPENDENTS[victim] ?? [])];
      const old = (await Promise.all(fallen.map(treeOf))).flat();
      const others = SERVICES.filter((label) => !fallen.includes(label));
      const untouched = await Promise.all(others.map(treeOf));
      const [main] = await treeOf(victim);
      using ear = await listen();
      process.kill(main?.pid ?? 0, 'SIGKILL');
      const services = fallen.filter((label) => SERVICES.includes(label));
      const told = await ear.hear(`${victim} exited`, ...services.map((label) => `${label} running`));
      expect(old.filter(isLeft)).toEqual([]);
      for (const label of fallen.slice(1))
        expect(told.indexOf(`${victim} running`)).toBeLessThan(told.indexOf(`${label} starting`));
      expect(await page()).toMatch(/^visits: /);
      /* nginx and PostgreSQL have workers that come and go; their first processes are the same. */
      const now = await Promise.all(others.map(treeOf));
      expect(now.map(([first]) => first)).toEqual(untouched.map(([first]) => first));
    });

    it('survives the death of archond without a restart of anything', async () => {
      const before = await Promise.all(SERVICES.map(treeOf));
      await supervisor.killDeciding();
      const after = await Promise.all(SERVICES.map(treeOf));
      expect(after.map(([first]) => first)).toEqual(before.map(([first]) => first));
      expect(await page()).toMatch(/^visits: /);
    });

    it('goes down in the reverse order, and nothing is left', async () => {
      const all = (await Promise.all(SERVICES.map(treeOf))).flat();
      expect(all.length).toBeGreaterThan(SERVICES.length);
      using ear = await listen();
      const [answer] = await Promise.all([supervisor.ask('Shutdown'), supervisor.ended()]);
      expect(answer.at(-1)).toBe('Ok');
      const stops = ear.told.filter((one) => one.endsWith(' stopped'));
      expect(stops.indexOf('web stopped')).toBe(0);
      expect(stops.indexOf('application stopped')).toBe(1);
      expect(stops.indexOf('schema stopped')).toBeLessThan(stops.indexOf('database stopped'));
      expect(stops.indexOf('database stopped')).toBeLessThan(stops.indexOf('database-files stopped'));
      expect(stops.at(-1)).toBe('folders stopped');
      expect(all.filter(isLeft)).toEqual([]);
    });
  },
);

/** A port that nobody has just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
