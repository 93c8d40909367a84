import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, HOST, pool } from '../../archond/ports/ports-rig.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { against } from '../against.ts';
import { ARCHONCTL, archonctl } from '../client.ts';

/** Binds each of its words, a port, says so, and ends. */
const BINDER = `const net = require("net");
const ports = process.argv.slice(1);
let left = ports.length;
for (const port of ports) {
  const server = net.createServer();
  server.on("error", (error) => { console.log(error.code); process.exit(1); });
  server.listen(Number(port), "${HOST}", () => { if (--left === 0) { console.log("bound"); process.exit(0); } });
}`;

describe('archonctl port --bind', () => {
  test('gives an unmodified command the held port, which is in use without it', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({ config: pool(port) });
    const named = ['port', '--port', `${port}`];
    const bind = async (...words: readonly string[]): ReturnType<typeof archonctl> =>
      archonctl(archon.socket, [...named, ...words, 'web', '--', 'node', '-e', BINDER, `${port}`]);
    expect(await bind('--bind')).toMatchObject({ code: 0, stdout: 'bound\n' });
    expect(await bind('--bind')).toMatchObject({ code: 0, stdout: 'bound\n' });
    expect(await bind()).toMatchObject({ code: 1, stdout: 'EADDRINUSE\n' });
  });

  test('gives it several, one inside the other, and to what it starts; archond may be dead by then', async () => {
    const first = await freePort();
    const second = await freePort();
    await using archon = await TestSupervisor.start();
    const one = (name: string, port: number): string[] => ['port', '--bind', '--port', `${port}`, name, '--'];
    const inside = ['sh', '-c', 'kill -9 "$1"; node -e "$2" "$3" "$4"; echo $PORT_A $PORT_B', 'sh'];
    const pid = await archon.decidingPid();
    const count = archon.readyCount;
    const ended = await archonctl(archon.socket, [
      ...one('a', first),
      ...[ARCHONCTL, '--socket', archon.socket],
      ...one('b', second),
      ...[...inside, `${pid}`, BINDER, `${first}`, `${second}`],
    ]);
    expect(ended).toMatchObject({ code: 0, stdout: `bound\n${first} ${second}\n` });
    await archon.untilReady(count + 1);
  });

  test('says why there is no way for a Unix socket', async () => {
    await using archon = await TestSupervisor.start();
    const file = path.join(archon.folder, 'web.sock');
    expect(await archonctl(archon.socket, ['port', '--bind', '--host', file, 'web', '--', 'true'])).toEqual(
      expect.objectContaining({
        code: 125,
        stderr: `archonctl: ${file} is a Unix socket, whose file a server replaces before it binds it: leave --bind away\n`,
      }),
    );
  });

  test('says why who may not have ports gets none', async () => {
    const denied = 'Error,"Port is for the owner of this supervisor, and for root",denied';
    expect(await against(() => [denied], ['port', '--bind', 'web', '--', 'true'])).toMatchObject({
      code: 125,
      stdout: '',
      stderr: 'archonctl: Port is for the owner of this supervisor, and for root\n',
    });
  });
});
