/* Programs that bind by themselves in other ways than once, at their start, one address of IPv4. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ORDINARY_UID, TestSupervisor } from '../../support/supervisor.ts';
import { Visitor } from '../../support/visitor.ts';
import { answerOf, freePort, HOST } from './ports-rig.ts';
import { configOf, isInstalled } from './servers.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-binding-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The body that an HTTP server sends; empty where it cannot be reached. */
async function bodyAt(host: string, port: number): Promise<string> {
  const name = host.includes(':') ? `[${host}]` : host;
  return fetch(`http://${name}:${port}/`, { headers: { connection: 'close' } }).then(
    async (response) => response.text(),
    () => '',
  );
}

/** Writes what nginx is to do; returns the words that start it. */
function nginx(name: string, listens: readonly string[], says: string): readonly string[] {
  const file = path.join(folder, `${name}.conf`);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `daemon off; worker_processes 2; pid ${folder}/${name}.pid; error_log stderr;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; ${places.map((place) => `${place}_temp_path ${folder}/${place};`).join(' ')}
  server { ${listens.map((listen) => `listen ${listen};`).join(' ')} location / { return 200 "${says}"; } } }
`,
  );
  return ['nginx', '-e', 'stderr', '-p', folder, '-c', file];
}

describe.runIf(isInstalled('nginx'))('nginx (where it is installed)', () => {
  test('is given the ports that it binds when it reloads, all that share one the same, and refuses nobody', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const command = nginx('reload', [`${HOST}:${first} reuseport`], 'one');
    await using archon = await TestSupervisor.start({
      config: configOf({
        web: {
          command,
          ready: { http: `http://${HOST}:${first}/`, every: '50ms' },
          ports: { first: { port: first, pass: 'bind' }, second: { port: second, pass: 'bind' } },
        },
      }),
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    await using visitor = await Visitor.start(HOST, first, folder);
    expect(await bodyAt(HOST, first)).toBe('one');
    const pid = (await archon.ask('List,web'))[0]?.split(',')[3];
    for (const says of ['two', 'three']) {
      nginx('reload', [`${HOST}:${first} reuseport`, `${HOST}:${second}`], says);
      expect(await archon.ask('Signal,HUP,web')).toEqual(['Ok,1']);
      await expect.poll(async () => bodyAt(HOST, second)).toBe(says);
      await expect.poll(async () => bodyAt(HOST, first)).toBe(says);
      await visitor.untilAnswered(3);
    }
    expect((await archon.ask('List,web'))[0]?.split(',')[3]).toBe(pid);
    expect(await archon.ask('Events,web,@kind=port')).toEqual(['Ok,0']);
    expect(await visitor.end()).toMatchObject({ refused: 0, failed: 0 });
  });

  test('serves IPv6 and IPv4 at one port that is held at all addresses', async () => {
    const port = await freePort();
    const command = nginx('all', [`[::]:${port} ipv6only=off`], 'both');
    await using archon = await TestSupervisor.start({
      config: configOf({ web: { command, ports: { http: { port, host: '*', pass: 'bind' } } } }),
    });
    await expect.poll(async () => bodyAt('::1', port)).toBe('both');
    expect(await bodyAt(HOST, port)).toBe('both');
    expect(await archon.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
  });
});

/** A server that says who it is; it listens where its words say, or at all addresses. */
function teller(...where: readonly (number | string)[]): readonly string[] {
  const script = `require("node:net").createServer((s) => s.end(String(process.pid))).listen(...${JSON.stringify(where)})`;
  return ['node', '-e', script];
}

test('a Node server that names no address serves IPv6 and IPv4 at a port that is held at all addresses', async () => {
  const port = await freePort();
  await using archon = await TestSupervisor.start({
    config: configOf({ web: { command: teller(port), ports: { http: { port, host: '*', pass: 'bind' } } } }),
  });
  const pid = (await archon.ask('List,web'))[0]?.split(',')[3];
  expect(await answerOf({ host: '::1', port })).toBe(pid);
  expect(await answerOf({ host: HOST, port })).toBe(pid);
});

test('instances that bind by themselves get each its own socket on a port that they share, or the one of all', async () => {
  const [each, one] = [await freePort(), await freePort()];
  await using archon = await TestSupervisor.start({
    config: configOf({
      each: {
        command: teller(each, HOST),
        instances: 2,
        ports: { http: { port: each, pass: 'bind', share: 'reuseport' } },
      },
      one: { command: teller(one, HOST), instances: 2, ports: { http: { port: one, pass: 'bind' } } },
    }),
  });
  for (const [label, port] of [
    ['each', each],
    ['one', one],
  ] as const) {
    const lines = (await archon.ask(`List,${label}@*`)).slice(0, -1);
    const pids = lines.map((line) => line.split(',')[3]);
    const seen = new Set<string>();
    /* Which of them is chosen is up to the kernel: by the client's port, or by who is awake. */
    while (seen.size < 2) seen.add(await answerOf({ host: HOST, port }));
    expect([...seen].sort()).toEqual(pids.sort());
    expect(await archon.ask(`Restart,${label}@1`)).toEqual([`Done,${label}@1,running`, 'Ok,1']);
  }
  expect((await archon.ask('Ports')).filter((line) => line.includes(`,${each},`))).toHaveLength(2);
});

test.runIf(process.getuid?.() === 0)(
  'a client of another user that is admitted is denied every port (needs root)',
  async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      isOpen: true,
      config: JSON.stringify({
        version: 1,
        access: [{ user: ORDINARY_UID, role: 'control' }],
        units: { web: { command: 'sleep 1000', ports: { http: port } } },
      }),
    });
    const script = `const s = require("node:net").connect(process.argv[1]).setEncoding("utf8");
      s.on("data", (text) => process.stdout.write(text)).end("Port,http\\nPort,other\\nReleasePort,http\\nVersion\\n");`;
    const client = spawn(process.execPath, ['-e', script, archon.socket], {
      uid: ORDINARY_UID,
      gid: ORDINARY_UID,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    client.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await once(client, 'close');
    const lines = said.trimEnd().split('\n');
    expect(lines.slice(0, 3).every((line) => line.endsWith(',denied'))).toBe(true);
    expect(lines[3]).toMatch(/^Ok,/);
  },
);
