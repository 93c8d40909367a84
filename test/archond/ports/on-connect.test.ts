import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import type { Chronicle } from '../../../src/archond/chronicle.ts';
import type { ConfiguredUnits } from '../../../src/archond/configured/configured-units.ts';
import type { HeldPorts } from '../../../src/archond/ports/held-ports.ts';
import { OnConnect } from '../../../src/archond/ports/on-connect.ts';
import type { Supervisor } from '../../../src/archond/supervisor.ts';
import type { UnitRecord } from '../../../src/archond/unit-record.ts';
import { NO_CAUSE } from '../../../src/supervisor/cause.ts';
import { buildGraph } from '../../../src/supervisor/graph/graph.ts';
import { NO_DEPENDENCIES } from '../../../src/supervisor/graph/dependencies.ts';
import { newUnit } from '../../../src/supervisor/transition.ts';
import { unitSpec } from '../../../src/supervisor/unit.ts';
import { createFakeSys } from '../../../src/sys/fake/fake-sys.ts';
import { value } from '../../native/support.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { answerOf, factsOf, freePort, HOST, SERVER } from './ports-rig.ts';

function config(port: number, more = ''): string {
  return `units: {web: {command: [node, ${SERVER}], start: on-connect, ports: {http: ${port}}${more}}}`;
}

/** Connects, and waits for no answer. */
async function knock(port: number): Promise<() => void> {
  const socket = createConnection({ host: HOST, port }).on('error', () => undefined);
  await once(socket, 'connect');
  return () => socket.destroy();
}

test('the first connection starts a unit, and is answered; so is the first after its end', async () => {
  const port = await freePort();
  const where = { host: HOST, port };
  await using archon = await TestSupervisor.start({ config: config(port) });
  expect(await archon.ask('List')).toEqual([expect.stringMatching(/^Unit,web,stopped,,/), 'Ok,1']);
  const first = await factsOf(where);
  const [connection, starting] = await archon.ask('Events,web');
  const sequence = /^Event,(\d+),/.exec(connection ?? '')?.[1];
  expect(connection).toContain('web,port,what=connection,name=http');
  expect(starting).toContain(`web,starting,pid=${first.pid}`);
  expect(starting).toContain(`cause=${sequence}`);
  process.kill(first.pid);
  expect(await archon.ask('Wait,web,@for=finished')).toEqual(['Ok']);
  const second = await factsOf(where);
  expect(second.pid).not.toBe(first.pid);
});

test('a connection while archond is away starts it when archond is back', async () => {
  const port = await freePort();
  await using archon = await TestSupervisor.start({ config: config(port) });
  let answer: Promise<string> | undefined;
  await archon.killDeciding(() => {
    answer = answerOf({ host: HOST, port });
  });
  expect(JSON.parse((await answer) ?? '')).toMatchObject({ name: 'http' });
});

test('a stop by hand holds, over the death of archond too, until it is started by hand; Disable holds as well', async () => {
  const port = await freePort();
  await using archon = await TestSupervisor.start({
    config: `${config(port).slice(0, -1)}, other: {command: [node, ${SERVER}], start: on-connect, ports: {http: ${port + 1}}}}`,
  });
  expect(await archon.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
  const leave = await knock(port);
  await archon.killDeciding();
  /* Whoever is watched for is started by then. */
  await factsOf({ host: HOST, port: port + 1 });
  expect((await archon.ask('List,web'))[0]).toMatch(/^Unit,web,stopped,,/);
  expect(await archon.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
  leave();
  const { pid } = await factsOf({ host: HOST, port });
  expect((await archon.ask('Disable,web'))[0]).toBe('Ok,1');
  process.kill(pid);
  await archon.ask('Wait,web,@for=finished');
  const again = answerOf({ host: HOST, port });
  expect((await archon.ask('List,web'))[0]).toMatch(/^Unit,web,finished,,/);
  await archon.ask('Enable,web');
  expect(JSON.parse(await again)).toMatchObject({ name: 'http' });
});

test('a program that takes nothing is started again, and at most once a second', () => {
  const { sys, control } = createFakeSys();
  const address = { protocol: 'tcp', host: HOST, port: 8080 } as const;
  const descriptor = value(sys.ports.bind(address, { backlog: 1 }));
  const record = {
    label: 'web',
    unit: newUnit(unitSpec({ label: 'web', origin: 'config' })),
    configured: { definition: { start: 'on-connect' } },
    observers: new Set(),
  } as unknown as UnitRecord;
  let starts = 0;
  const onConnect = new OnConnect({
    sys,
    chronicle: { append: () => NO_CAUSE } as unknown as Chronicle,
    supervisor: { records: new Map([['web', record]]), order: () => (starts += 1) } as unknown as Supervisor,
    configured: {
      isEnabled: () => true,
      field: {
        graph: buildGraph([{ label: 'web', dependencies: NO_DEPENDENCIES }]),
        unitOf: () => record.unit,
      },
    } as unknown as ConfiguredUnits,
    ports: { lease: () => [{ name: 'http', descriptor }] } as unknown as HeldPorts,
    isEnding: () => false,
  });
  onConnect.begin();
  control.advanceMs(60_000);
  expect(starts).toBe(0);
  control.kernel.portSpace.at(address)?.connect();
  control.settle();
  expect(starts).toBe(1);
  for (let round = 2; round < 5; round += 1) {
    /* It is down again at once, and has taken nothing. */
    onConnect.look(record);
    control.advanceMs(999);
    expect(starts).toBe(round - 1);
    control.advanceMs(1);
    expect(starts).toBe(round);
  }
  onConnect.close();
});

test('a datagram starts a unit too, and stays for it', async () => {
  const port = await freePort();
  const script = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => { console.log('got ' + m); process.exit(0); }).bind({ fd: 3 });`;
  await using archon = await TestSupervisor.start({
    config: `units:
  dns:
    command: [node, -e, ${JSON.stringify(script)}]
    start: on-connect
    ports: {dns: {port: ${port}, protocol: udp}}
`,
  });
  const client = createSocket('udp4');
  client.send('hello', port, HOST, () => client.close());
  expect(await archon.ask('Wait,dns,@for=finished')).toEqual(['Ok']);
  expect((await archon.ask('Log,dns'))[0]).toMatch(/^Line,[^,]*,got hello$/);
});
