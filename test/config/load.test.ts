import { describe, expect, it } from 'vitest';
import { load, unitOf } from './rig.ts';

describe('a unit', () => {
  it('has the defaults of the contract where it says nothing', async () => {
    expect(await unitOf('command: nginx -g "daemon off;"')).toEqual({
      label: 'web',
      place: { file: '/etc/archon/archon.yaml', line: 2, column: 3 },
      type: 'service',
      enabled: true,
      words: ['nginx', '-g', 'daemon off;'],
      surroundings: {
        env: [],
        envFiles: [],
        cleanEnv: false,
        cwd: '/',
        noNewPrivileges: false,
        rlimits: [],
      },
      dependencies: {
        needs: [],
        wants: [],
        after: [],
        before: [],
        stopAfter: [],
        stopBefore: [],
        conflicts: [],
      },
      ready: { kind: 'exec' },
      restart: {
        policy: 'on-failure',
        delayMs: 100,
        factor: 2,
        maxMs: 3_600_000,
        jitter: 0.1,
        resetAfterMs: 10_000,
      },
      onRestart: 'stop-first',
      success: { codes: [0], signals: [] },
      stop: { signal: 15, timeoutMs: 10_000, scope: 'mixed' },
      ports: [],
      start: 'at-once',
      log: { kind: 'file', stderr: 'together', maxBytes: 10 * 2 ** 20, keep: 5, whenFull: 'block' },
      limits: { enforcement: 'required' },
      restartOnLibraryChange: false,
    });
  });

  it('is frozen to the bottom', async () => {
    const unit = await unitOf('needs: []');
    expect(Object.isFrozen(unit)).toBe(true);
    expect(Object.isFrozen(unit.dependencies.needs)).toBe(true);
  });
});

describe('a configuration', () => {
  it('is empty without units', async () => {
    for (const text of ['', '# nothing\n', '---\n', 'version: 1\n', 'units:\n', 'units: {}\n']) {
      expect(await load(text)).toMatchObject({ units: [], groups: [], access: [] });
    }
  });

  it('is the example of the contract', async () => {
    const { units } = await load(`
version: 1
params:
  data: /srv/data
defaults:
  restart: on-failure
units:
  db:
    command: redis-server --port 0 --unixsocket {data}/redis.sock
    ready: {command: "redis-cli -e -s {data}/redis.sock ping"}
  web:
    command: [node, server.js]
    cwd: /srv/web
    needs: [db]
`);
    expect(units.map(({ label, words }) => [label, ...words])).toEqual([
      ['db', 'redis-server', '--port', '0', '--unixsocket', '/srv/data/redis.sock'],
      ['web', 'node', 'server.js'],
    ]);
    expect(units[0]?.ready).toEqual({
      kind: 'command',
      words: ['redis-cli', '-e', '-s', '/srv/data/redis.sock', 'ping'],
      everyMs: 1000,
      timeoutMs: 60_000,
    });
    expect(units[1]?.dependencies.needs).toEqual(['db']);
    expect(units[1]?.surroundings.cwd).toBe('/srv/web');
  });
});
