import { describe, expect, it } from 'vitest';
import { isTrusted, socketPath } from '../../src/protocol/socket-path.ts';

describe('the socket', () => {
  it('is the one that was given, else that of the environment, else the usual one', () => {
    const env = { ARCHON_SOCKET: '/env/s', XDG_RUNTIME_DIR: '/run/user/7' };
    expect(socketPath('/given/s', 7, env)).toBe('/given/s');
    expect(socketPath(undefined, 7, env)).toBe('/env/s');
    expect(socketPath(undefined, 7, { XDG_RUNTIME_DIR: '/run/user/7' })).toBe(
      '/run/user/7/archon/archon.sock',
    );
    expect(socketPath(undefined, 7, { XDG_RUNTIME_DIR: 'relative' })).toBe('/tmp/archon-7/archon.sock');
    expect(socketPath(undefined, 7, {})).toBe('/tmp/archon-7/archon.sock');
    expect(socketPath(undefined, 0, { XDG_RUNTIME_DIR: '/run/user/0' })).toBe('/run/archon/archon.sock');
  });
});

describe('who answers at a socket', () => {
  it('is believed in the shared folder only if it is the user itself, or root', () => {
    const shared = '/tmp/archon-7/archon.sock';
    expect([7, 0, 8].map((uid) => isTrusted(shared, uid, 7))).toEqual([true, true, false]);
  });

  it('is believed where nobody else could have put a socket, or where one was named', () => {
    for (const socket of [
      '/run/archon/archon.sock',
      '/run/user/7/archon/archon.sock',
      '/srv/s',
      '/tmp/archon-8/archon.sock',
    ])
      expect(isTrusted(socket, 8, 7)).toBe(true);
  });
});
