import { describeErrno } from '../../base/errno.ts';
import { portSetting } from '../../base/port-setting.ts';
import { searchPath } from '../../base/search-path.ts';
import { isPreloadable } from '../../base/preload.ts';
import { bytesOf, fieldOfText, textOf } from '../../protocol/bytes.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { BIND_SHIM, becomeBytes, closeDescriptor, isSocket, isThere } from '../../sys/dialer.ts';
import type { Descriptor } from '../../sys/sys.ts';
import type { Caller } from '../caller.ts';
import { reasonOf } from '../consult.ts';
import { reach } from '../reach.ts';
import { bindSettings, type BindSettings } from '../run/bind-settings.ts';
import { RUN_EXIT } from '../run/exit-code.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** SD_LISTEN_FDS_START. */
const FIRST_PASSED = 3;
const KEPT_AS_THEY_ARE = -1;

/** Settings that are of the socket that is passed now, not of one that was passed to us. */
const OF_SOCKETS = /^LISTEN_(?:FDS|PID|FDNAMES)=/;

/** `archonctl port`. It becomes the command, which so has the pid that it is told. */
export const port = defineVerb({
  name: 'port',
  operands: ['<port>', '<command...>'],
  order: 'options-first',
  options: {
    host: {
      value: 'HOST',
      help: 'bound there, where it is not bound yet (127.0.0.1); or the path of a Unix socket',
    },
    port: { value: 'NUMBER', help: 'with this number instead of one of the pool' },
    protocol: { value: 'PROTOCOL', help: 'tcp or udp' },
    bind: { help: 'give it to a command that binds by itself, which it has to do at just that address' },
  },
  description:
    'Runs a command with the bound socket of that name as descriptor 3, told as LISTEN_FDS, LISTEN_PID and ' +
    'LISTEN_FDNAMES (sd_listen_fds(3)), and its number as PORT_<NAME>. The port of a unit goes by its own name, or as ' +
    'LABEL:NAME; any other name is bound when it is first asked for, and stays so until it is released.\n\n' +
    'With --bind the command knows nothing of that: a library is preloaded into it, and what it starts, which gives it the ' +
    'socket when it binds. Static programs, those in Go and those with setuid are not reached.\n\n' +
    'Exit code: that of the command, 125 a failure of archon, 126 found but not executable, 127 not found, 69 the ' +
    'supervisor cannot be reached, 2 wrong use.',
  examples: [
    ['port scratch -- python3 server.py', 'a port of the pool, the same one each time'],
    ['port --port 8080 web -- ./server', 'that one'],
    ['port --bind --port 8080 web -- python3 -m http.server --bind 127.0.0.1 8080', 'as it is'],
    ['port web:http -- ./server --debug', 'the socket of the unit web, beside its own process'],
  ],
  async run(invocation) {
    const { given, words, globals, caller, screen } = invocation;
    const [name = '', ...rest] = words;
    const command = rest[0] === '--' ? rest.slice(1) : rest;
    if (command.length === 0 || command[0] === '') {
      screen.complain('the command is missing: archonctl port NAME -- COMMAND');
      return EXIT.wrongUse;
    }
    const deadline =
      globals.timeoutMs === undefined ? {} : { giveUp: AbortSignal.timeout(globals.timeoutMs) };
    const reached = await reach(socketPath(globals.socket, caller.uid, caller.env), deadline);
    if (!reached.ok) {
      screen.complain(reached.error);
      return EXIT.unreachable;
    }
    const options = (['host', 'port', 'protocol'] as const).flatMap((option) => {
      const value = given[option];
      return value === undefined ? [] : [`@${option}=${value}`];
    });
    const { closing, descriptors } = await reached.value.askFor(['Port', name, ...options]);
    reached.value.close();
    const [socket] = descriptors;
    if (closing.kind !== 'ok' || socket === undefined) {
      for (const descriptor of descriptors) closeDescriptor(descriptor);
      const isRefused = closing.kind === 'error';
      screen.complain(isRefused ? reasonOf(closing.failure) : 'the supervisor went away before it answered');
      return RUN_EXIT.ownFailure;
    }
    const [host = '', number = ''] = closing.fields;
    const obstacle = given.bind === true ? bindObstacle(host, number) : undefined;
    if (obstacle !== undefined) {
      closeDescriptor(socket);
      screen.complain(obstacle);
      return RUN_EXIT.ownFailure;
    }
    const short = name.slice(name.lastIndexOf(':') + 1);
    const told = `${portSetting(short)}=${number === '' ? host : number}`;
    const way = given.bind === true ? byBind(caller, socket) : byListen(short, socket);
    return become(invocation, command, { ...way, settings: [...way.settings, told] });
  },
});

/** How the command gets the socket. */
interface Way extends BindSettings {
  /** The number of the first descriptor that stays open; -1: they stay what they are. */
  readonly first: number;
}

function byListen(name: string, socket: Descriptor): Way {
  const settings = [`LISTEN_FDS=1`, `LISTEN_PID=${process.pid}`, `LISTEN_FDNAMES=${name}`];
  return { settings, kept: [socket], first: FIRST_PASSED };
}

function byBind(caller: Caller, socket: Descriptor): Way {
  return {
    ...bindSettings(caller.environment(), socket, fieldOfText(BIND_SHIM), isSocket),
    first: KEPT_AS_THEY_ARE,
  };
}

/** Why a command cannot be given this socket when it binds. */
function bindObstacle(host: string, number: string): string | undefined {
  if (number === '')
    return `${textOf(host)} is a Unix socket, whose file a server replaces before it binds it: leave --bind away`;
  return isPreloadable(BIND_SHIM)
    ? undefined
    : `${BIND_SHIM} cannot be preloaded: its path has a blank, : or $`;
}

/** Returns only where no file for the command could be executed. */
function become(
  { caller, screen }: Pick<Invocation, 'caller' | 'screen'>,
  command: readonly string[],
  { settings, kept: descriptors, first }: Way,
): number {
  const names = settings.map((pair) => pair.slice(0, pair.indexOf('=') + 1));
  const kept = caller
    .environment()
    .filter((pair) => !OF_SOCKETS.test(pair) && !names.some((name) => pair.startsWith(name)));
  const path = kept.find((pair) => pair.startsWith('PATH='))?.slice('PATH='.length);
  const [program = ''] = command;
  let why = 'ENOENT';
  for (const file of searchPath(program, path)) {
    const failed = becomeBytes(
      bytesOf(file),
      command.map(bytesOf),
      [...kept, ...settings].map(bytesOf),
      descriptors,
      first,
    );
    /* As a shell does: what is not there is passed over, also in a folder that may not be looked into. */
    const isHidden = failed.code === 'EACCES' && file !== program && !isThere(bytesOf(file));
    const code = isHidden ? 'ENOENT' : failed.code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') why = code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') break;
  }
  screen.complain(`cannot run ${program}: ${describeErrno(why)}`);
  return why === 'ENOENT' ? RUN_EXIT.notFound : RUN_EXIT.notExecutable;
}
