/* What a port comes to whose keeper and archond have both died while a process of its unit still has it open. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chronicle } from '../../../src/archond/chronicle.ts';
import { DeferredLog } from '../../../src/archond/log.ts';
import { BoundSockets } from '../../../src/archond/ports/bound-sockets.ts';
import { HeldPorts } from '../../../src/archond/ports/held-ports.ts';
import { describeTrouble } from '../../../src/archond/ports/trouble.ts';
import { EMPTY_CONFIGURATION, type Configuration } from '../../../src/config/configuration.ts';
import { NO_CAUSE } from '../../../src/supervisor/cause.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys } from '../../../src/sys/fake/fake-sys.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import { value } from '../../native/support.ts';
import { canMakeCgroups } from '../../support/cgroups.ts';
import { TestSupervisor, type SupervisorOptions } from '../../support/supervisor.ts';
import { Visitor } from '../../support/visitor.ts';
import { factsOf, freePort, HOST, pool, SERVER } from './ports-rig.ts';

const GRACEFUL = fileURLToPath(new URL('fixtures/graceful.cjs', import.meta.url));

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-lost-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Servers that take their sockets, or bind by themselves below a shell, lose keeper and archond, and are restarted. */
async function bothDie(options: SupervisorOptions): Promise<void> {
  const [first, bound, visited] = [await freePort(), await freePort(), await freePort()];
  const data = `const s = require('node:dgram').createSocket('udp4'); s.bind({ fd: 3 });`;
  const config = `${pool(first)}
units:
  all:
    command: [node, ${SERVER}]
    ports:
      auto: auto
      six: {port: auto, host: "::1"}
      file: {port: "{dir}/all.sock"}
  data: {command: [node, -e, "${data}"], ports: {in: {port: ${first}, protocol: udp}}}
  below:
    command: [sh, -c, "node ${GRACEFUL} ${bound}; :"]
    ready: {fd: 4}
    ports: {http: {port: ${bound}, pass: bind}}
  visited: {command: [node, ${GRACEFUL}], ready: {fd: 4}, ports: {http: ${visited}}}
  down: {command: [node, ${SERVER}], start: on-connect, ports: {http: auto}}
params: {dir: ${folder}}
`;
  const one = await TestSupervisor.start({ ...options, config });
  for (const label of ['all', 'data', 'below', 'visited'])
    expect(await one.ask(`Wait,${label},@for=running`)).toEqual(['Ok']);
  await factsOf({ host: HOST, port: first });
  await using visitor = await Visitor.start(HOST, visited, folder);
  await using besides = await Visitor.start(HOST, bound, folder);
  const before = await one.ask('Dump,ports');
  await one.killAll();
  await using next = await one.again();
  await visitor.untilAnswered(1);
  expect(await next.ask('Dump,ports')).toEqual(before);
  expect((await next.ask('Ports')).filter((line) => line.endsWith(',failed'))).toEqual([]);
  const events = (await next.ask('Events,@kind=port')).slice(0, -1);
  const told = events.map((line) => line.split(',').slice(3).join());
  const pid = (await next.ask('List,all'))[0]?.split(',')[3] ?? '';
  expect(told).toContainEqual(
    expect.stringMatching(
      `^all,port,what=regained,name=auto,host=${HOST},port=${first},holder=${pid},program=node`,
    ),
  );
  expect(told.map((line) => /^(\w+),port,what=(\w+),name=(\w+)/.exec(line)?.slice(1).join(' '))).toEqual([
    'all regained auto',
    'all regained six',
    'all regained file',
    'data regained in',
    'below regained http',
    'visited regained http',
  ]);
  for (const label of ['all', 'data', 'below', 'visited'])
    expect(await next.ask(`Restart,${label}`)).toEqual([`Done,${label},running`, 'Ok,1']);
  expect(await factsOf({ path: path.join(folder, 'all.sock') })).toMatchObject({ name: 'file' });
  expect(await factsOf({ host: '::1', port: first + 1 })).toMatchObject({ name: 'six' });
  /* That one had no process: it is bound anew where it was. */
  expect(await factsOf({ host: HOST, port: first + 2 })).toMatchObject({ name: 'http' });
  for (const one of [visitor, besides]) {
    await one.untilAnswered(1);
    expect(await one.end()).toMatchObject({ refused: 0, failed: 0 });
  }
}

describe('ports whose keeper and archond have died', () => {
  test('are taken back from the processes of their units, in trees that minders keep', async () => {
    await bothDie({ tree: 'minder' });
  });

  test.runIf(canMakeCgroups())('are taken back in cgroups', async () => {
    await bothDie({ tree: 'cgroup' });
  });
});

/** A unit of which a process has its port open that was bound by nobody who lives, over the machine in memory. */
function orphaned(port: number | 'auto'): {
  readonly held: HeldPorts;
  readonly told: string[];
  readonly control: Control;
} {
  const { sys, control } = createFakeSys();
  const address = { protocol: 'tcp', host: HOST, port: 8080 } as const;
  control.install('/bin/unit', programs.runs());
  sys.keeper.listen({
    changed: () => undefined,
    signalled: () => undefined,
    orphaned: () => undefined,
    gone: () => expect.fail('the keeper is gone'),
  });
  sys.keeper.hello(() => undefined);
  control.settle();
  const socket = value(sys.ports.bind(address, { backlog: 1 }));
  const word = Buffer.from('/bin/unit');
  const descriptors = [{ from: socket, to: 3 }];
  sys.keeper.spawn(
    { generation: 1, label: 'web', argv: [word], paths: [word], env: [], descriptors },
    () => undefined,
  );
  control.settle();
  sys.descriptors.close(socket);
  const told: string[] = [];
  const chronicle = {
    append: (label: string, _kind: string, details: readonly (readonly [string, string])[]) => {
      told.push([label, ...details.map(([name, text]) => `${name}=${text}`)].join(' '));
      return NO_CAUSE;
    },
    flush: () => undefined,
    leases: () => [['web http', address]],
    leased: () => undefined,
    leaseForgotten: () => undefined,
  } as unknown as Chronicle;
  const log = new DeferredLog();
  const definition = {
    name: 'http',
    protocol: 'tcp',
    host: HOST,
    port,
    pass: 'fd',
    share: 'one',
    backlog: 1,
  };
  const units = [{ label: 'web', ports: [definition] }] as unknown as Configuration['units'];
  const sockets = new BoundSockets(sys, log, chronicle, { first: 8000, last: 8100 });
  const held = new HeldPorts(sys, sockets, log, chronicle, { ...EMPTY_CONFIGURATION, units }, new Set());
  return { held, told, control };
}

describe.each([8080, 'auto'] as const)('a port (%s) that a process of its unit has kept', (port) => {
  test('is had again without anybody noticing', () => {
    const { held, told, control } = orphaned(port);
    let isOver = false;
    held.takeOver([], NO_CAUSE, () => (isOver = true));
    control.settle();
    held.bindMissing(NO_CAUSE);
    expect(isOver).toBe(true);
    expect(told).toEqual([expect.stringMatching(/^web what=regained name=http host=127.0.0.1 port=8080 /)]);
    expect(held.lease('web')).toMatchObject([{ host: HOST, port: 8080 }]);
  });

  test('is not bound elsewhere where it cannot be had, and it is said who has it and why', () => {
    const { held, told, control } = orphaned(port);
    control.failNext('pidfd_getfd', 'EPERM');
    held.takeOver([], NO_CAUSE, () => undefined);
    control.settle();
    held.bindMissing(NO_CAUSE);
    control.settle();
    expect(held.lease('web')).toEqual([]);
    const trouble = held.troubleOf('web') ?? expect.fail('there is no trouble');
    expect(describeTrouble(trouble)).toMatch(
      /^port http \(127.0.0.1:8080\) is held by web itself, unit \(process \d+\), which does not give it back: .*EPERM/,
    );
    expect(told).toEqual([expect.stringContaining(`why=${describeTrouble(trouble)}`)]);
    /* When that process is gone the port is bound at the next start. */
    const [process] = [...control.kernel.processes.values()].filter(({ files }) => files.size > 0);
    control.kernel.send(process ?? expect.fail('it has no process'), 9);
    control.settle();
    expect(held.prepare('web')).toMatchObject({ ok: true });
    expect(held.lease('web')).toMatchObject([{ host: HOST, port: 8080 }]);
  });
});
