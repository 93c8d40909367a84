import { endianness } from 'node:os';
import type { Listener, SocketAddress } from '../ports.ts';
import { inTurns } from './in-turns.ts';
import { lateFiles } from './late-files.ts';
import { processName } from './process-facts.ts';

/** TCP_LISTEN as /proc/net shows it, and TCP_CLOSE, in which a UDP socket without a peer is. */
const LISTENS = '0A';
const UNCONNECTED = '07';
/** `__SO_ACCEPTCON` among the flags of /proc/net/unix; the type of its sockets of datagrams. */
const ACCEPTS = 0x10000;
const DATAGRAM = 2;
const WORD_DIGITS = 8;

interface Found {
  readonly address: SocketAddress;
  readonly inode: string;
}

type Processes = Listener['processes'][number];

/** The sockets of this host at which something arrives, by proc(5), and who has them open. Never rejects. */
export async function readListeners(): Promise<readonly Listener[]> {
  const [tcp, tcp6, udp, udp6, unix] = await inTurns(['tcp', 'tcp6', 'udp', 'udp6', 'unix'], async (name) =>
    textOf(`/proc/net/${name}`),
  );
  const found = [
    ...inetSockets(tcp, 'tcp', LISTENS),
    ...inetSockets(tcp6, 'tcp', LISTENS),
    ...inetSockets(udp, 'udp', UNCONNECTED),
    ...inetSockets(udp6, 'udp', UNCONNECTED),
    ...unixSockets(unix),
  ];
  const holders = await holdersOf(new Set(found.map(({ inode }) => inode)));
  return found.map(({ address, inode }) => ({ ...address, processes: holders.get(inode) ?? [] }));
}

/** Lines `sl local_address rem_address st queues timer retransmissions uid timeout inode …`. */
function inetSockets(text = '', protocol: 'tcp' | 'udp', wanted: string): Found[] {
  return linesOf(text).flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [host = '', port = ''] = local.split(':');
    if (state !== wanted || inode === undefined) return [];
    return [{ address: { protocol, host: hostOf(host), port: parseInt(port, 16) }, inode }];
  });
}

/** Lines `Num RefCount Protocol Flags Type St Inode Path`; of those without a file nobody can be asked for. */
function unixSockets(text = ''): Found[] {
  return linesOf(text).flatMap((line) => {
    const [, flags = '', type = '', inode = '', host = ''] =
      /^\S+ \S+ \S+ (\S+) (\S+) \S+\s+(\d+) (\/.*)$/.exec(line) ?? [];
    const isDatagram = parseInt(type, 16) === DATAGRAM;
    if (host === '' || !(isDatagram || (parseInt(flags, 16) & ACCEPTS) !== 0)) return [];
    return [{ address: { protocol: isDatagram ? 'udp' : 'tcp', host, port: 0 }, inode }];
  });
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(1);
}

/** An address as the kernel prints it: words of 32 bits, each a number of this machine's byte order. */
function hostOf(hex: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < hex.length; at += WORD_DIGITS) {
    const word = Buffer.from(hex.slice(at, at + WORD_DIGITS), 'hex');
    bytes.push(...(endianness() === 'LE' ? word.reverse() : word));
  }
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) =>
    (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
  );
  /* The shortest form. */
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** The processes that have these sockets open, by inode, as far as this one may look. */
async function holdersOf(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly Processes[]>> {
  const holders = new Map<string, Processes[]>();
  if (inodes.size === 0) return holders;
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name));
  await inTurns(pids, async (pid) => {
    const held = new Set((await socketsOf(pid)).filter((inode) => inodes.has(inode)));
    if (held.size === 0) return;
    const name = processName(Number(pid), await textOf(`/proc/${pid}/comm`));
    for (const inode of held) holders.set(inode, [...(holders.get(inode) ?? []), { pid: Number(pid), name }]);
  });
  for (const processes of holders.values()) processes.sort((one, other) => one.pid - other.pid);
  return holders;
}

/** The inodes of the sockets that a process has open. */
async function socketsOf(pid: string): Promise<string[]> {
  const { readlink } = await lateFiles();
  const targets = await inTurns(await namesIn(`/proc/${pid}/fd`), async (fd) =>
    readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
  );
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await lateFiles()).readdir(folder).catch(() => []);
}

/** Nothing where it is not there, or the process is gone. */
async function textOf(file: string): Promise<string> {
  return (await lateFiles()).readFile(file, 'latin1').catch(() => '');
}
