import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environmentOf } from '../../support/processes.ts';
import { ORDINARY_UID, ROOT, TestSupervisor } from '../../support/supervisor.ts';
import { freePort } from './ports-rig.ts';
import { configOf, isInstalled, SERVERS } from './servers.ts';

const SHIM = path.join(ROOT, 'build/native/bindshim.so');
const IN_USE = /EADDRINUSE|address already in use/i;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-unmodified-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs it as anybody would; what it says when it has ended. */
async function fails(
  words: readonly string[],
  more: { uid?: number; gid?: number; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, { ...more, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).not.toBe(0);
  return said;
}

describe.each(SERVERS)('$name, unmodified (where it is installed)', ({ program, command, ready }) => {
  test.runIf(isInstalled(program))(
    'serves at a port that the supervisor holds, over restarts and deaths of archond; by itself it fails there',
    async () => {
      const port = await freePort();
      const words = command(port, folder);
      await using archon = await TestSupervisor.start({
        config: configOf({
          server: { command: words, ports: { main: { port, pass: 'bind' } }, ready: ready(port) },
        }),
      });
      expect(await archon.ask('Wait,server,@for=running')).toEqual(['Ok']);
      expect(await archon.ask('Restart,server')).toEqual(['Done,server,running', 'Ok,1']);
      await archon.killDeciding();
      expect(await archon.ask('Restart,server')).toEqual(['Done,server,running', 'Ok,1']);
      expect(await archon.ask('Stop,server')).toEqual(['Done,server,stopped', 'Ok,1']);
      expect(await fails(words)).toMatch(IN_USE);
    },
  );
});

/** Says what came of a bind to that port. */
function binder(port: number): readonly string[] {
  const script = `const s = require("net").createServer();
    s.on("error", (e) => { console.log(e.code); process.exit(1); });
    s.listen(${port}, "127.0.0.1", () => { console.log("bound"); process.exit(0); });`;
  return ['node', '-e', script];
}

describe('a port', () => {
  test('is not given to another unit, which finds it in use; both are named', async () => {
    const port = await freePort();
    const spare = await freePort();
    await using archon = await TestSupervisor.start({
      config: configOf({
        web: { command: 'sleep 1000', ports: { http: { port, pass: 'bind' } } },
        thief: {
          type: 'oneshot',
          command: binder(port),
          restart: 'never',
          ports: { own: { port: spare, pass: 'bind' } },
          needs: ['web'],
        },
      }),
    });
    await archon.ask('Wait,thief,@for=failed');
    expect(await archon.ask('Log,thief')).toEqual([
      expect.stringMatching(/^Line,[\d.]*,EADDRINUSE$/),
      'Ok,1',
    ]);
    const [denied = '', ...rest] = await archon.ask('Events,web,@kind=port');
    expect(rest).toEqual(['Ok,1']);
    expect(denied).toContain(`,what=denied,name=http,port=${port},`);
    expect(denied).toMatch(
      /why=127\.0\.0\.1:\d+ is held for web; thief \(process \d+ of user \d+\) does not belong to it/,
    );
    expect(denied).toMatch(/by=\d+:\d+,request=Bind/);
  });

  test('is given to any process of the unit, with what is preloaded anyway, and only to units that want it so', async () => {
    const port = await freePort();
    await using archon = await TestSupervisor.start({
      config: configOf({
        web: {
          command: ['sh', '-c', '"$@"; echo done; exec sleep 1000', 'sh', ...binder(port)],
          ports: { http: { port, pass: 'bind' } },
          env: { LD_PRELOAD: 'libc.so.6' },
          ready: { log: 'done' },
        },
        other: { command: 'sleep 1000', ports: { http: await freePort() } },
      }),
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    expect((await archon.ask('Log,web'))[0]).toMatch(/,bound$/);
    const pidOf = async (label: string): Promise<number> =>
      Number((await archon.ask(`List,${label}`))[0]?.split(',')[3]);
    const web = environmentOf(await pidOf('web'));
    expect(web.get('LD_PRELOAD')).toBe(`${SHIM}:libc.so.6`);
    expect(web.get('ARCHON_BIND')).toBe(`${archon.folder}/bind`);
    const other = environmentOf(await pidOf('other'));
    expect([other.get('LD_PRELOAD'), other.get('ARCHON_BIND')]).toEqual([undefined, undefined]);
  });

  test.runIf(process.getuid?.() === 0)(
    'is not given to a client of another user (needs root), who may ask all the same',
    async () => {
      const port = await freePort();
      await using archon = await TestSupervisor.start({
        isOpen: true,
        config: configOf({ web: { command: 'sleep 1000', ports: { http: { port, pass: 'bind' } } } }),
      });
      const source = path.join(folder, 'shim.so');
      await once(spawn('cp', [SHIM, source]), 'exit');
      await once(spawn('chmod', ['755', folder]), 'exit');
      const env = { ...process.env, LD_PRELOAD: source, ARCHON_BIND: `${archon.folder}/bind` };
      const said = await fails([process.execPath, ...binder(port).slice(1)], {
        uid: ORDINARY_UID,
        gid: ORDINARY_UID,
        cwd: '/',
        env,
      });
      expect(said).toMatch(IN_USE);
      const [denied] = await archon.ask('Events,web,@kind=port');
      expect(denied).toMatch(new RegExp(`process \\d+ of user ${ORDINARY_UID} does not belong to it`));
      expect(denied).toMatch(new RegExp(`by=${ORDINARY_UID}:\\d+,request=Bind`));
    },
  );
});
