import { describeErrno } from '../../base/errno.ts';
import { portSetting } from '../../base/port-setting.ts';
import { searchPath } from '../../base/search-path.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { becomeBytes, closeDescriptor } from '../../sys/dialer.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { reasonOf } from '../consult.ts';
import { reach } from '../reach.ts';
import { RUN_EXIT } from '../run/exit-code.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** SD_LISTEN_FDS_START. */
const FIRST_PASSED = 3;

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
  },
  description:
    'Runs a command with the bound socket of that name as descriptor 3, told as LISTEN_FDS, LISTEN_PID and ' +
    'LISTEN_FDNAMES (sd_listen_fds(3)), and its number as PORT_<NAME>. The port of a unit goes by its own name, or as ' +
    'LABEL:NAME; any other name is bound when it is first asked for, and stays so until it is released.\n\n' +
    'Exit code: that of the command, 125 a failure of archon, 126 found but not executable, 127 not found, 69 the ' +
    'supervisor cannot be reached, 2 wrong use.',
  examples: [
    ['port scratch -- python3 server.py', 'a port of the pool, the same one each time'],
    ['port --port 8080 web -- ./server', 'that one'],
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
    return become(invocation, command, name, number === '' ? host : number, socket);
  },
});

/** Returns only where no file for the command could be executed. */
function become(
  { caller, screen }: Pick<Invocation, 'caller' | 'screen'>,
  command: readonly string[],
  name: string,
  told: string,
  socket: Descriptor,
): number {
  const short = name.slice(name.lastIndexOf(':') + 1);
  const own = [
    `LISTEN_FDS=1`,
    `LISTEN_PID=${process.pid}`,
    `LISTEN_FDNAMES=${short}`,
    `${portSetting(short)}=${told}`,
  ];
  const kept = caller
    .environment()
    .filter((pair) => !OF_SOCKETS.test(pair) && !pair.startsWith(`${portSetting(short)}=`));
  const path = kept.find((pair) => pair.startsWith('PATH='))?.slice('PATH='.length);
  const [program = ''] = command;
  let why = 'ENOENT';
  for (const file of searchPath(program, path)) {
    const failed = becomeBytes(
      bytesOf(file),
      command.map(bytesOf),
      [...kept, ...own].map(bytesOf),
      [socket],
      FIRST_PASSED,
    );
    const { code } = failed;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') why = code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') break;
  }
  screen.complain(`cannot run ${program}: ${describeErrno(why)}`);
  return why === 'ENOENT' ? RUN_EXIT.notFound : RUN_EXIT.notExecutable;
}
