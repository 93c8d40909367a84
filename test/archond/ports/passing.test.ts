import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { answerOf, factsOf, freePort, HOST, pool, SERVER } from './ports-rig.ts';

describe('a unit', () => {
  test('finds its sockets, and what they are called, wherever they are bound', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: `${pool(port + 1)}
units:
  web:
    command: [node, ${SERVER}, "{port.http}", "{port.spare}"]
    ready: {tcp: "{port.spare}"}
    ports:
      http: ${port}
      spare: auto
      six: {port: auto, host: "::1"}
      file-name: {port: "{dir}/web.sock"}
params: {dir: ${process.cwd()}/build}
`,
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    const [spare, six] = [port + 1, port + 2];
    const file = `${process.cwd()}/build/web.sock`;
    const told = {
      PORT_HTTP: String(port),
      PORT_SPARE: String(spare),
      PORT_SIX: String(six),
      PORT_FILE_NAME: file,
    };
    const words = [String(port), String(spare)];
    for (const [name, where] of [
      ['http', { host: HOST, port }],
      ['spare', { host: HOST, port: spare }],
      ['six', { host: '::1', port: six }],
      ['file-name', { path: file }],
    ] as const)
      expect(await factsOf(where)).toMatchObject({ name, told, words });
    archon.signal('SIGTERM');
    await archon.ended();
    expect(existsSync(file)).toBe(false);
  });

  test('keeps its ports over restarts and the death of archond: whoever connects meanwhile is answered', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: `units: {web: {command: [node, ${SERVER}], restart: always, ports: {http: ${port}}}}`,
    });
    const where = { host: HOST, port };
    const over = new AbortController();
    const pids = new Set<number>();
    const client = (async (): Promise<number> => {
      let count = 0;
      for (; !over.signal.aborted; count += 1) pids.add((await factsOf(where)).pid);
      return count;
    })();
    for (let round = 0; round < 5; round += 1) {
      expect(await archon.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
      await archon.killDeciding();
    }
    const { pid } = await factsOf(where);
    over.abort();
    expect(await client).toBeGreaterThan(0);
    expect(pids).toContain(pid);
    expect(pids.size).toBeGreaterThan(1);
  });
});

describe('a port of a stranger', () => {
  test('is a failure that names who has it, and is bound when it is free and the unit started again', async () => {
    const server = createServer((socket) => socket.end('stranger')).listen(0, HOST);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using archon = await TestSupervisor.start({
      config: `units: {web: {command: [node, ${SERVER}], restart: never, ports: {http: ${port}}}}`,
    });
    const [, failed = ''] = await archon.ask('Wait,web,@for=failed', 'Start,web');
    expect(failed).toContain(`cannot run web: port http (${HOST}:${port}) is held by `);
    expect(failed).toContain(`(process ${process.pid})`);
    expect(failed).toContain('exec-failed');
    const status = await archon.ask('Status,web');
    expect(status.join('\n')).toMatch(/Field,cause,port http .* is held by /);
    const events = await archon.ask('Events,web,@kind=port');
    expect(events[0]).toContain(
      `what=taken,name=http,host=${HOST},port=${port},errno=EADDRINUSE,holder=${process.pid}`,
    );
    expect(events).toHaveLength(2);
    server.close();
    await once(server, 'close');
    expect(await archon.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
    expect(await factsOf({ host: HOST, port })).toMatchObject({ name: 'http' });
  });

  test('of the pool is passed over, and a name gets the same one again after an orderly end', async () => {
    const port = await freePort();
    const config = `${pool(port)}
units:
  a: {command: [node, ${SERVER}], ports: {http: auto}}
  b: {command: [node, ${SERVER}], ports: {http: auto}}
`;
    const first = await TestSupervisor.start({ config });
    expect(await factsOf({ host: HOST, port: port + 1 })).toMatchObject({
      told: { PORT_HTTP: String(port + 1) },
    });
    first.signal('SIGTERM');
    await first.ended();
    const server = createServer((socket) => socket.end('stranger')).listen(port, HOST);
    await once(server, 'listening');
    await using second = await first.again();
    expect(await answerOf({ host: HOST, port })).toBe('stranger');
    expect(await factsOf({ host: HOST, port: port + 1 })).toMatchObject({
      told: { PORT_HTTP: String(port + 1) },
    });
    expect(await factsOf({ host: HOST, port: port + 2 })).toMatchObject({
      told: { PORT_HTTP: String(port + 2) },
    });
    const events = await second.ask('Events,a,@kind=port');
    expect(events[0]).toContain(`what=moved,name=http,from=${port},port=${port + 2}`);
    server.close();
  });
});

test('instances have one socket together, or each its own on the same port', async () => {
  const port = await freePort();
  await using archon = await TestSupervisor.start({
    config: `${pool(port + 1)}
units:
  web:
    command: [node, ${SERVER}]
    instances: 3
    ports:
      one: ${port}
      each: {port: auto, share: reuseport}
`,
  });
  expect(await archon.ask('Wait,web@3,@for=running')).toEqual(['Ok']);
  expect(await factsOf({ host: HOST, port })).toMatchObject({ name: 'one' });
  const pids = new Set<number>();
  /* The kernel chooses by the client's port, so that every one of three is reached soon. */
  while (pids.size < 3) pids.add((await factsOf({ host: HOST, port: port + 1 })).pid);
});
