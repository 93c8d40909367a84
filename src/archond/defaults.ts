import path from 'node:path';
import { usualRuntimeFolder } from '../protocol/socket-path.ts';

/** What the defaults depend on. */
export interface Surroundings {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Flags that name places; undefined where they were not given. Relative paths are taken from `cwd`. */
export interface GivenPlaces {
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
  readonly runtime?: string | undefined;
  readonly logDir?: string | undefined;
}

/** Absolute paths of all places. */
export interface Places {
  readonly socket: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly logDir: string;
}

/**
 * Where everything lies, by the contract's pages ("Transport and access" and "archond"). One thing they
 * leave open: where only `--state` is given, the runtime folder, which then is neither the usual one nor
 * named by the socket, is that of the state's name, so that two supervisors with states of their own
 * never share a socket.
 */
export function places(given: GivenPlaces, surroundings: Surroundings): Places {
  const absolute = (file: string): string => path.resolve(surroundings.cwd, file);
  const stateDir = given.state === undefined ? usualState(surroundings) : absolute(given.state);
  const socket =
    given.socket !== undefined
      ? absolute(given.socket)
      : given.runtime !== undefined
        ? path.join(absolute(given.runtime), 'archon.sock')
        : given.state !== undefined
          ? path.join(stateDir, 'run', 'archon.sock')
          : path.join(usualRuntimeFolder(surroundings.uid, surroundings.env), 'archon.sock');
  const runtimeDir = given.runtime === undefined ? path.dirname(socket) : absolute(given.runtime);
  const isUsual = surroundings.uid === 0 && given.state === undefined && given.logDir === undefined;
  const logDir =
    given.logDir === undefined
      ? isUsual
        ? '/var/log/archon'
        : path.join(stateDir, 'log')
      : absolute(given.logDir);
  return { socket, stateDir, runtimeDir, logDir };
}

function usualState({ uid, env }: Surroundings): string {
  if (uid === 0) return '/var/lib/archon';
  const state = env['XDG_STATE_HOME'];
  if (state !== undefined && path.isAbsolute(state)) return path.join(state, 'archon');
  const home = env['HOME'];
  return home !== undefined && path.isAbsolute(home)
    ? path.join(home, '.local', 'state', 'archon')
    : path.join(usualRuntimeFolder(uid, env), 'state');
}
