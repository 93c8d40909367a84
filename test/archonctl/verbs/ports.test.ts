import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { factsOf, freePort, HOST, pool, SERVER } from '../../archond/ports/ports-rig.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { against } from '../against.ts';
import { archonctl } from '../client.ts';

const TABLE = [
  'Port,http,tcp,127.0.0.1,8080,web,open',
  'Port,file,unix,/run/web.sock,,web,held',
  'Port,,udp,::,53,"named (process 7)",stranger',
  'Ok,3',
];

describe('archonctl ports', () => {
  test('is a table for people', async () => {
    const { code, stdout } = await against(() => TABLE, ['ports']);
    expect(stdout).toBe(
      [
        'NAME  PROTOCOL  HOST           PORT  HOLDER             STATE',
        'http  tcp       127.0.0.1      8080  web                open',
        'file  unix      /run/web.sock        web                held',
        '      udp       ::               53  named (process 7)  stranger',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('is an object or rows for programs', async () => {
    const json = await against(() => TABLE, ['--json', 'ports']);
    expect(JSON.parse(json.stdout)).toEqual({
      ports: [
        { name: 'http', protocol: 'tcp', host: '127.0.0.1', port: 8080, holder: 'web', state: 'open' },
        { name: 'file', protocol: 'unix', host: '/run/web.sock', port: null, holder: 'web', state: 'held' },
        { name: '', protocol: 'udp', host: '::', port: 53, holder: 'named (process 7)', state: 'stranger' },
      ],
    });
    const csv = await against(() => TABLE, ['--csv', 'ports']);
    expect(csv.stdout.split('\n').slice(0, 2)).toEqual([
      'name,protocol,host,port,holder,state',
      'http,tcp,127.0.0.1,8080,web,open',
    ]);
  });

  test('says where there is none', async () => {
    expect(await against(() => ['Ok,0'], ['ports'])).toMatchObject({
      stderr: 'archonctl: there is no port\n',
    });
  });
});

describe('archonctl port', () => {
  test('becomes the command, which finds the socket as its own, and its words and settings byte by byte', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: pool(port) });
    const script = 'echo $LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES $PORT_SCRATCH_1 $KEPT "$0"; exit 7';
    const ended = await archonctl(
      archon.socket,
      ['port', 'scratch-1', '--', 'sh', '-c', script, Buffer.from('caf\u00e9').toString()],
      { env: { LISTEN_PID: '1', KEPT: 'kept' } },
    );
    expect(ended.code).toBe(7);
    const words = ended.stdout.trimEnd().split(' ');
    expect(words[1]).toBe(words[2]);
    expect([words[0], ...words.slice(3)]).toEqual([
      '1',
      'scratch-1',
      String(port),
      'kept',
      'caf\u00c3\u00a9',
    ]);
  });

  test('lends the socket of a unit to a server beside its own', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: `units: {web: {enabled: false, command: [node, ${SERVER}], ports: {http: ${port}}}}`,
    });
    const ended = archonctl(archon.socket, ['port', 'web:http', 'node', SERVER, 'aside']);
    const facts = await factsOf({ host: HOST, port });
    expect(facts).toMatchObject({ name: 'http', words: ['aside'], told: { PORT_HTTP: String(port) } });
    expect(await archon.ask('Ports')).toContain(`Port,http,tcp,${HOST},${port},web,open`);
    process.kill(facts.pid);
    expect((await ended).code).toBe(0);
  });

  test('says what stood in the way by its exit code', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: pool(port, 1) });
    const forbidden = path.join(archon.folder, 'out');
    await writeFile(forbidden, '');
    expect(await archonctl(archon.socket, ['port', 'a', '--', 'nosuch'])).toMatchObject({
      code: 127,
      stderr: 'archonctl: cannot run nosuch: ENOENT (No such file or directory)\n',
    });
    expect(await archonctl(archon.socket, ['port', 'a', '--', forbidden])).toMatchObject({ code: 126 });
    expect(await archonctl(archon.socket, ['port', 'b', '--', 'true'])).toMatchObject({
      code: 125,
      stderr: 'archonctl: every port of the pool is taken\n',
    });
    expect(await archonctl(archon.socket, ['port', 'a', '--'])).toMatchObject({ code: 2 });
    expect(await archonctl(`${archon.folder}/none`, ['port', 'a', 'true'])).toMatchObject({ code: 69 });
  });
});
