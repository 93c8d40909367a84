import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { answerOf, ask, askEach, ASKER, factsOf, freePort, HOST, pool, SERVER } from './ports-rig.ts';

/** A unit with one port, another unit with one, and a third whose process asks for ports. */
function config(port: number): string {
  return `${pool(port)}
units:
  web: {command: [node, ${SERVER}], ports: {http: auto, web-only: auto}}
  api: {command: [node, ${SERVER}], ports: {http: auto}}
  asker: {type: oneshot, enabled: false, command: [node, ${ASKER}, "web:http", http, scratch], ports: {http: auto}}
`;
}

describe('who asks for a port', () => {
  test('gets it bound and listening, and the same again under that name, until it is released', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: pool(port) });
    const first = await ask(archon.socket, 'Port,scratch');
    expect(first).toEqual({ answer: `Ok,${HOST},${port}`, descriptors: 1 });
    await archon.killDeciding();
    expect(await ask(archon.socket, 'Port,scratch')).toEqual(first);
    expect(await askEach(archon.socket, 'Port,other', 'ReleasePort,other')).toEqual([
      `Ok,${HOST},${port + 1}`,
      'Ok',
    ]);
    expect(await archon.ask('Ports')).toContain(`Port,scratch,tcp,${HOST},${port},,held`);
    const [refused] = await archon.ask(`Port,scratch,@port=${port + 2}`);
    expect(refused).toBe(`Error,scratch is bound to ${HOST} port ${port} (tcp); release it first,conflict`);
    expect(await archon.ask('ReleasePort,scratch', 'ReleasePort,scratch')).toEqual([
      'Ok',
      'Error,there is no port scratch,not-found',
    ]);
    await expect(answerOf({ host: HOST, port })).rejects.toThrow('ECONNREFUSED');
    const bound = await archon.ask('Events,@kind=port');
    expect(bound.map((line) => /what=\w+,name=\w+/.exec(line)?.[0])).toEqual([
      'what=bound,name=scratch',
      'what=bound,name=other',
      'what=released,name=other',
      'what=released,name=scratch',
      undefined,
    ]);
  });

  test('says where it is to be, for streams and datagrams, with numbers and paths', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: pool(port) });
    expect(
      await askEach(
        archon.socket,
        `Port,a,@host=::1,@port=${port + 3}`,
        'Port,b,@protocol=udp,@host=*',
        `Port,c,@host=${archon.folder}/c.sock`,
        'Port,d,@host=example.org',
      ),
    ).toEqual([
      `Ok,::1,${port + 3}`,
      `Ok,::,${port}`,
      `Ok,${archon.folder}/c.sock,`,
      'Error,"\'example.org\' is no address of IPv4 or IPv6, and no path",bad-argument',
    ]);
    const ports = await archon.ask('Ports');
    expect(ports.slice(0, 3)).toEqual([
      `Port,a,tcp,::1,${port + 3},,held`,
      `Port,b,udp,::,${port},,held`,
      `Port,c,unix,${archon.folder}/c.sock,,,held`,
    ]);
  });

  test('is told who has what cannot be had', async () => {
    const port = await freePort();
    const server = createServer().listen(0, HOST);
    await once(server, 'listening');
    const { port: taken } = server.address() as AddressInfo;
    await using archon = await TestSupervisor.start({ config: config(port) });
    const [stranger, ours] = await askEach(archon.socket, `Port,a,@port=${taken}`, `Port,a,@port=${port}`);
    expect(stranger).toMatch(
      new RegExp(`^Error,"?port a \\(${HOST}:${taken}\\) is held by .*\\(process ${process.pid}\\)"?,busy$`),
    );
    expect(ours).toBe(`Error,${HOST} port ${port} (tcp) is held for web,conflict`);
    expect((await archon.ask('Ports')).find((line) => line.includes(`,${taken},`))).toMatch(
      new RegExp(`^Port,,tcp,${HOST},${taken},.*\\(process ${process.pid}\\),stranger$`),
    );
    server.close();
  });

  test('names the unit where several have a port of that name', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: config(port) });
    expect(
      await askEach(archon.socket, 'Port,http', 'Port,api:http', 'Port,web-only', 'ReleasePort,web-only'),
    ).toEqual([
      'Error,"several units have a port http: say which of web:http, api:http, asker:http",conflict',
      `Ok,${HOST},${port + 2}`,
      `Ok,${HOST},${port + 1}`,
      'Error,"port web-only belongs to web, by the configuration",conflict',
    ]);
  });
});

test('a process of a unit gets its own ports and what no unit has, and nothing of another unit', async () => {
  const port = await freePort();
  await using archon = await TestSupervisor.start({ config: config(port) });
  expect(await archon.ask('Start,asker')).toEqual(['Done,asker,finished', 'Ok,1']);
  const log = await archon.ask('Log,asker');
  expect(log.slice(0, -1).map((line) => line.replace(/^Line,[^,]*,/, ''))).toEqual([
    '"Error,""port web:http belongs to web, and asker gets its own ones only"",denied"',
    `"Ok,${HOST},${port + 3}"`,
    '"Error,every port of the pool is taken,limit"',
  ]);
});

test('the table tells what is held, open, failed and somebody else’s', async () => {
  const port = await freePort();
  const server = createServer().listen(port + 6, HOST);
  await once(server, 'listening');
  await using archon = await TestSupervisor.start({
    config: `${config(port)}  late: {command: sleep 1000, enabled: false, ports: {late: ${port + 5}}}
  hopeless: {command: sleep 1000, restart: never, ports: {taken: ${port + 6}}}
`,
  });
  /* The servers have opened theirs when they answer. */
  for (const one of [port, port + 2])
    expect(await factsOf({ host: HOST, port: one })).toMatchObject({ name: 'http' });
  await archon.ask('Wait,hopeless,@for=failed');
  const rows = (await archon.ask('Ports')).filter(
    (line) => line.includes(`,${HOST},`) && !line.startsWith('Port,,'),
  );
  expect(rows.slice(0, 5)).toEqual([
    `Port,http,tcp,${HOST},${port + 2},api,open`,
    `Port,http,tcp,${HOST},${port + 3},asker,held`,
    `Port,http,tcp,${HOST},${port},web,open`,
    `Port,late,tcp,${HOST},${port + 5},late,held`,
    expect.stringMatching(
      new RegExp(`^Port,taken,tcp,${HOST},${port + 6},.*process ${process.pid}.*,failed$`),
    ),
  ]);
  expect(await archon.ask('Dump,ports')).toEqual([
    `Line,pool ${port}-${port + 3}`,
    `Line,api http tcp ${HOST} ${port + 2} held`,
    `Line,asker http tcp ${HOST} ${port + 3} held`,
    `Line,late late tcp ${HOST} ${port + 5} held`,
    `Line,web http tcp ${HOST} ${port} held`,
    `Line,web web-only tcp ${HOST} ${port + 1} held`,
    `Line,hopeless taken tcp ${HOST} ${port + 6} failed`,
    'Ok',
  ]);
  expect(await archon.ask('Status,web')).toContain(
    `Field,ports,http=${HOST}:${port},web-only=${HOST}:${port + 1}`,
  );
  server.close();
});
