import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { realSockets } from '../../../src/sys/real/sockets.ts';
import { realSys } from '../../../src/sys/real/real-sys.ts';
import type { KeeperListener, Listening, SocketAddress, Sys } from '../../../src/sys/sys.ts';
import { Folder, openDescriptors, value } from '../../native/support.ts';
import { Bell } from '../suite/bell.ts';
import type { Client, Harness, Question, Server, Stranger, Visitor } from '../suite/harness.ts';
import { shellCommands } from '../suite/shell-commands.ts';
import { mortal } from './mortal-sys.ts';

const KEEPER = fileURLToPath(new URL('../../../build/native/keeper', import.meta.url));
/** No test of the suite takes as long, on a machine however slow. */
const PATIENCE_MS = 45_000;
/** A parent that reaps its child at once; the child exits with the code that it is told. */
const STRANGER = `exec 3<&0; sh -c 'read code; exit "$code"' <&3 & echo $!; exec 3<&-; wait`;

/** What of libuv's handles is needed here: the number of the descriptor, while it is open. */
interface Handle {
  readonly fd: number;
}
/** Hears nothing. */
const DEAF: KeeperListener = {
  changed: () => undefined,
  signalled: () => undefined,
  orphaned: () => undefined,
  gone: () => undefined,
};
const descriptorOf = (stream: unknown): number =>
  (stream as { readonly _handle: Handle | null } | null)?._handle?.fd ?? -1;

/**
 * A real keeper that has this process for its archond: what it starts in archond's place hands over the
 * channel, and can be killed instead.
 */
export class RealHarness implements Harness {
  readonly commands = shellCommands;
  readonly folder: string;
  sys: Sys;
  readonly #home: Folder;
  readonly #keeper: ChildProcess;
  readonly #relays: Listening;
  readonly #channels: { readonly descriptor: number; readonly pid: number }[];
  readonly #bell: Bell;
  readonly #deadlineMs = performance.now() + PATIENCE_MS;
  /** Streams of the harness itself; they are not archond's. */
  readonly #streams: unknown[] = [];
  readonly #ends: (() => void)[] = [];
  #die: () => void;
  #archond: number;
  /** The keeper was killed by a test. */
  #isKilled = false;

  private constructor(
    home: Folder,
    keeper: ChildProcess,
    relays: Listening,
    channels: { readonly descriptor: number; readonly pid: number }[],
    bell: Bell,
  ) {
    this.#home = home;
    this.#keeper = keeper;
    this.#relays = relays;
    this.#channels = channels;
    this.#bell = bell;
    this.folder = home.file('folder');
    mkdirSync(this.folder, { mode: 0o700 });
    const first = channels.shift();
    if (first === undefined) throw new Error('the keeper has started no archond');
    this.#archond = first.pid;
    const { sys, die } = mortal(realSys(first.descriptor));
    this.sys = sys;
    this.#die = die;
    this.#streams.push(keeper.stdout, keeper.stderr);
  }

  /** Starts a keeper; with `tree`, one whose trees are made so. Throws where it cannot make them. */
  static async make(tree: 'cgroup' | 'minder'): Promise<RealHarness> {
    const home = await Folder.make();
    const bell = new Bell();
    const channels: { readonly descriptor: number; readonly pid: number }[] = [];
    const path = home.file('relay.socket');
    const relays = value(
      realSockets.listen(path, 0o600, (connection) => {
        const nothing = (): void => undefined;
        connection.listen({
          data: (_bytes, [descriptor = -1]) => {
            channels.push({ descriptor, pid: connection.peer.pid });
            connection.close();
            bell.ring();
          },
          ended: nothing,
          gone: nothing,
          drained: nothing,
        });
      }),
    );
    try {
      const relay = await home.compile('relay');
      mkdirSync(home.file('runtime'), { mode: 0o700 });
      const keeper = spawn(KEEPER, ['--runtime', home.file('runtime'), '--tree', tree, '--', relay, path], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      keeper.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      keeper.once('close', () => bell.ring());
      while (channels.length === 0) {
        if (keeper.exitCode !== null) throw new Error(said);
        await bell.turn(Infinity);
      }
      return new RealHarness(home, keeper, relays, channels, bell);
    } catch (error) {
      relays.close();
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  turn(): Promise<boolean> {
    return this.#bell.turn(this.#deadlineMs);
  }

  ring(): void {
    this.#bell.ring();
  }

  async restart(): Promise<Sys> {
    this.#die();
    this.#killArchond();
    let next = this.#channels.shift();
    for (; next === undefined; next = this.#channels.shift()) {
      if (!(await this.turn())) throw new Error('no successor of archond was started');
    }
    this.#archond = next.pid;
    const { sys, die } = mortal(realSys(next.descriptor));
    this.sys = sys;
    this.#die = die;
    return sys;
  }

  async connect(path: string): Promise<Client> {
    const socket = net.connect({ path, allowHalfOpen: true });
    this.#streams.push(socket);
    this.#ends.push(() => socket.destroy());
    await once(socket, 'connect');
    const parts: Buffer[] = [];
    let ended = false;
    const over = (): void => {
      ended = true;
      this.ring();
    };
    socket.on('data', (bytes: Buffer) => {
      parts.push(bytes);
      this.ring();
    });
    socket.on('end', over).on('error', over).on('close', over);
    return {
      send: (bytes) => void socket.write(bytes),
      endWriting: () => void socket.end(),
      vanish: () => void socket.destroy(),
      stopReading: () => void socket.pause(),
      startReading: () => void socket.resume(),
      received: () => Buffer.concat(parts),
      ended: () => ended,
    };
  }

  async visit(folder: string, name: string, { uid, gid, groups }: Visitor): Promise<void> {
    const program = await this.#home.compile('visitor');
    chmodSync(folder, 0o711);
    chmodSync(this.#home.path, 0o711);
    const words = [uid, gid, ...groups].map(String);
    const visitor = spawn(program, [folder, name, ...words], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#streams.push(visitor.stdin);
    this.#ends.push(() => visitor.stdin.destroy());
  }

  async stranger(): Promise<Stranger> {
    const parent = spawn('sh', ['-c', STRANGER], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#streams.push(parent.stdin, parent.stdout);
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    this.#ends.push(() => {
      parent.stdin.destroy();
      parent.kill('SIGKILL');
    });
    return { pid: Number(pid.toString()), exit: (code) => void parent.stdin.write(`${code}\n`) };
  }

  async notify(path: string, text: string, withDescriptor = false): Promise<number> {
    const program = await this.#home.compile('notifier');
    const sender = spawn(program, [path, text, ...(withDescriptor ? ['/dev/null'] : [])], {
      stdio: 'ignore',
    });
    const [code] = (await once(sender, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`the notifier ended with ${code}`);
    return sender.pid ?? 0;
  }

  async ask(path: string, text: string): Promise<Question> {
    const program = await this.#home.compile('asker');
    const asker = spawn(program, [path, text], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#streams.push(asker.stdout);
    this.#ends.push(() => void asker.kill('SIGKILL'));
    let said = '';
    asker.stdout.setEncoding('utf8').on('data', (more: string) => {
      said += more;
      this.ring();
    });
    while (!said.includes('asked\n')) await this.turn();
    return {
      answer: () => {
        const [, count, words] = /^asked\n(gone|\d+) ?(.*)\n$/s.exec(said) ?? [];
        if (count === undefined) return undefined;
        return count === 'gone' ? 'gone' : { text: words ?? '', descriptors: Number(count) };
      },
      giveUp: async () => {
        const ended = once(asker, 'exit');
        asker.kill('SIGKILL');
        await ended;
      },
    };
  }

  async knock({ host, port }: SocketAddress): Promise<void> {
    const socket = net.connect({ host, port });
    this.#streams.push(socket);
    this.#ends.push(() => socket.destroy());
    await once(socket, 'connect');
  }

  async serve(status: number): Promise<Server> {
    const server = http.createServer((_request, response) => response.writeHead(status).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    };
    this.#ends.push(() => void close());
    return { port: (server.address() as net.AddressInfo).port, close };
  }

  async haltKeeper(): Promise<void> {
    const { pid = -1 } = this.#keeper;
    this.#keeper.kill('SIGSTOP');
    const stat = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1');
    /* SIGSTOP takes hold when the process is next on its way back from the kernel. */
    while (stat().charAt(stat().lastIndexOf(')') + 2) !== 'T') await new Promise((go) => setImmediate(go));
  }

  killKeeper(): void {
    this.#isKilled = true;
    this.#keeper.kill('SIGKILL');
  }

  signalKeeper(signal: number): void {
    this.#keeper.kill(signal);
  }

  readFile(path: string): Uint8Array | undefined {
    return existsSync(path) ? readFileSync(path) : undefined;
  }

  makeFolder(path: string): void {
    mkdirSync(path, { mode: 0o700, recursive: true });
  }

  modeOf(path: string): number {
    return lstatSync(path).mode & 0o7777;
  }

  exists(path: string): boolean {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  }

  isAlive(pid: number): boolean {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return !'ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2));
    } catch {
      return false;
    }
  }

  openDescriptors(): number {
    const open = openDescriptors();
    return open.size - this.#streams.filter((stream) => open.has(descriptorOf(stream))).length;
  }

  /** The keeper kills it too when its channel has ended. */
  #killArchond(): void {
    try {
      process.kill(this.#archond, 'SIGKILL');
    } catch {
      // The keeper was quicker.
    }
  }

  /** Whether the keeper has taken note. */
  #quit(): Promise<boolean> {
    return new Promise((done) => this.sys.keeper.quit(0, (answer) => done(answer.ok)));
  }

  /** Has the keeper quit, which kills all that is left. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    const isOver = once(this.#keeper, 'close');
    // Where a test has failed in the middle of a restart there is nobody to ask; a successor can.
    if (!this.#isKilled && !(await this.#quit())) {
      await this.restart();
      this.sys.keeper.listen(DEAF);
      await new Promise<void>((done) => this.sys.keeper.hello(() => done()));
      await this.#quit();
    }
    this.#die();
    this.#killArchond();
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) await isOver;
    this.#relays.close();
    await this.#home[Symbol.asyncDispose]();
  }
}
