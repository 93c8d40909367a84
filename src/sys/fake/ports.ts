import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { BindOptions, Listener, Ports, SocketAddress } from '../ports.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { isSame } from '../../base/address.ts';
import { sysError } from './errno.ts';
import { ArrivalSocket, type Reading } from './open-file.ts';
import { PATH_BYTES } from './sockets.ts';
import type { View } from './view.ts';

/** Addresses that are all addresses of the host. */
const ALL = new Set(['::', '0.0.0.0']);
const FIRST_EPHEMERAL = 32_768;
const PRIVILEGED_BELOW = 1024;

/** A socket that is bound. What connects to it waits, whoever has it open. */
export class BoundSocket extends ArrivalSocket {
  readonly address: SocketAddress;
  readonly reusePort: boolean;
  readonly #ports: FakePortSpace;
  /** Connections, or datagrams, that nobody has taken. */
  #waiting = 0;

  constructor(ports: FakePortSpace, address: SocketAddress, reusePort: boolean) {
    super();
    this.address = address;
    this.reusePort = reusePort;
    this.#ports = ports;
  }

  /** Somebody connects, or sends a datagram. */
  connect(): void {
    this.#waiting += 1;
    this.arrived();
  }

  /** A service takes one of those that wait; false where there is none. */
  accept(): boolean {
    if (this.#waiting === 0) return false;
    this.#waiting -= 1;
    return true;
  }

  override hasMore(): boolean {
    return this.#waiting > 0;
  }

  override read(): Reading {
    return 'again';
  }

  protected override closed(): void {
    this.#ports.bound.delete(this);
  }
}

/** The addresses of the machine: what is bound by whom. */
export class FakePortSpace {
  /** Bound here, by whatever archond. */
  readonly bound = new Set<BoundSocket>();
  /** What others listen at. */
  readonly strangers: Listener[] = [];

  /** The socket that a connection to this address would come to. */
  at(wanted: SocketAddress): BoundSocket | undefined {
    return [...this.bound].find(({ address }) => meet(address, wanted));
  }

  /** Whether somebody has this address, and does not share it. */
  isTaken(wanted: SocketAddress, reusePort: boolean): boolean {
    const isMet = (other: SocketAddress): boolean => meet(other, wanted);
    return (
      this.strangers.some(isMet) ||
      [...this.bound].some((socket) => isMet(socket.address) && !(reusePort && socket.reusePort))
    );
  }

  /** The lowest port of those that are given to whoever does not care. */
  free(wanted: SocketAddress): SocketAddress {
    let port = FIRST_EPHEMERAL;
    for (; this.isTaken({ ...wanted, port }, false); port += 1);
    return { ...wanted, port };
  }
}

function meet(one: SocketAddress, other: SocketAddress): boolean {
  if (one.protocol !== other.protocol || one.port !== other.port) return false;
  return one.host === other.host || (one.port !== 0 && (ALL.has(one.host) || ALL.has(other.host)));
}

/** `Sys.ports`. */
export class FakePorts implements Ports {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  bind(asked: SocketAddress, { reusePort = false }: BindOptions): Result<Descriptor, SysError> {
    this.#view.call('ports.bind');
    const { portSpace, user, files } = this.#view.kernel;
    const failed = this.#view.failure('bind');
    if (failed !== undefined) return failed;
    const isPath = asked.host.startsWith('/');
    if (isPath && Buffer.byteLength(asked.host) > PATH_BYTES) return err(sysError('ENAMETOOLONG', 'bind'));
    if (isPath && files.node(asked.host) !== undefined && files.node(asked.host)?.kind !== 'socket')
      return err(sysError('EEXIST', 'bind'));
    if (!isPath && !/^[0-9a-f.:]+$/i.test(asked.host)) return err(sysError('EINVAL', 'bind'));
    const address = !isPath && asked.port === 0 ? portSpace.free(asked) : asked;
    if (!isPath && user.uid !== 0 && address.port < PRIVILEGED_BELOW) return err(sysError('EACCES', 'bind'));
    if (portSpace.isTaken(address, reusePort)) return err(sysError('EADDRINUSE', 'bind'));
    const socket = new BoundSocket(portSpace, address, reusePort);
    const opened = this.#view.open('ports.bind', socket);
    if (opened.ok) portSpace.bound.add(socket);
    return opened;
  }

  addressOf(descriptor: Descriptor): Result<SocketAddress, SysError> {
    this.#view.call('ports.addressOf');
    const file = this.#view.descriptors.find(descriptor, 'ports.addressOf');
    if (file === undefined) return err(sysError('EBADF', 'getsockopt'));
    if (file instanceof BoundSocket) return ok(file.address);
    return err(sysError(file.kind === 'socket' ? 'EAFNOSUPPORT' : 'ENOTSOCK', 'getsockopt'));
  }

  regain(pid: number, wanted: SocketAddress): Result<Descriptor, SysError> {
    this.#view.call('ports.regain');
    const failed = this.#view.failure('pidfd_getfd');
    if (failed !== undefined) return failed;
    const process = this.#view.kernel.processes.get(pid);
    if (process?.alive !== true) return err(sysError('ESRCH', 'pidfd_open'));
    const files = [...process.files.values()];
    const socket = files.find((file) => file instanceof BoundSocket && isSame(file.address, wanted));
    if (socket === undefined) return err(sysError('ENOENT', 'pidfd_getfd'));
    return this.#view.open('ports.regain', socket.hold());
  }

  listeners(done: (listeners: readonly Listener[]) => void): void {
    this.#view.call('ports.listeners');
    const { portSpace } = this.#view.kernel;
    this.#view.post(() => {
      const own = [...portSpace.bound].map((socket) => ({
        ...socket.address,
        processes: this.#holdersOf(socket),
      }));
      done([...own, ...portSpace.strangers]);
    });
  }

  #holdersOf(socket: BoundSocket): Listener['processes'] {
    const { descriptors, kernel, pid } = this.#view;
    const own = descriptors.holds(socket) ? [{ pid, name: 'archond' }] : [];
    const others = [...kernel.processes.values()].filter((process) =>
      [...process.files.values()].includes(socket),
    );
    return [...own, ...others.map((process) => ({ pid: process.pid, name: 'unit' }))];
  }
}
