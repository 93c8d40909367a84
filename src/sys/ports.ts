import type { Result } from '../base/result.ts';
import type { Descriptor, SysError } from './sys.ts';

/** Where a socket is bound: a number of IPv4 or IPv6 with a port, or the absolute path of a Unix socket with port 0. */
export interface SocketAddress {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  /** 0 to 65,535; asked for, 0 means any that is free. */
  readonly port: number;
}

/** How a socket is bound. */
export interface BindOptions {
  /** Connections that may wait to be accepted, 1 or more; the kernel has a limit of its own. */
  readonly backlog: number;
  /** Others that ask for it may bind the same address, and share what comes (socket(7), SO_REUSEPORT). */
  readonly reusePort?: boolean;
}

/** A socket of this host at which connections or datagrams arrive, and the processes that have it open. */
export interface Listener extends SocketAddress {
  /** With the name of each (`comm`, proc(5)); those that may not be looked into are missing. */
  readonly processes: readonly { readonly pid: number; readonly name: string }[];
}

/** Sockets that are bound for others. Nothing is ever accepted or read here. */
export interface Ports {
  /**
   * A socket that is bound, and for `tcp` listens; blocking, closed on exec. A Unix socket gets its file, which
   * everybody may connect to; one at which nobody answers any more is replaced.
   */
  bind(address: SocketAddress, options: BindOptions): Result<Descriptor, SysError>;
  /** Where a socket is bound; `::` and other addresses in their shortest form. `EAFNOSUPPORT` where it is of another family. */
  addressOf(descriptor: Descriptor): Result<SocketAddress, SysError>;
  /**
   * A descriptor of the socket at which that process listens, or takes datagrams, just there (pidfd_getfd(2)); `ENOENT`
   * where it has none, `EPERM` where it may not be looked into (ptrace(2)), `ESRCH` where there is no such process.
   */
  regain(pid: number, address: SocketAddress): Result<Descriptor, SysError>;
  /** Who listens on this host: read without holding up anybody. */
  listeners(done: (listeners: readonly Listener[]) => void): void;
}
