import type { Result } from '../base/result.ts';
import type { Cancel, Credentials, Descriptor, SysError } from './sys.ts';

/** One datagram of a service (sd_notify(3)). */
export interface Notice {
  /** Who sent it, by the kernel's word (unix(7), SCM_CREDENTIALS); it may have ended by now. */
  readonly sender: Credentials;
  /** The caller's own. */
  readonly bytes: Uint8Array;
  /** Bytes are missing (beyond 64 KiB). */
  readonly truncated: boolean;
  /**
   * Takes it away, which until then is in the socket for whoever holds it; to be called once. The descriptors that came
   * along are the caller's from now on.
   */
  readonly take: () => readonly Descriptor[];
}

/** Sockets on which services say that they are ready, and what else they have to say. */
export interface Notices {
  /**
   * Binds a datagram socket at `path` (at most 107 bytes, since services are given it as it is; what an
   * earlier one left there is removed), for one user alone, by number, or for everybody whom its folder lets in. The
   * descriptor is the caller's, the file stays.
   */
  open(path: string, user: number | 'everybody'): Result<Descriptor, SysError>;
  /** Calls back for each datagram, when the one before has been taken; the descriptor stays the caller's, who cancels before closing it. */
  listen(socket: Descriptor, heard: (notice: Notice) => void): Cancel;
  /**
   * Sends one message, with copies of these descriptors, on a socket that came along with a notice. Never waits: `EPIPE`
   * where nobody is left to hear it, `EAGAIN` where it takes no more, `ENOTSOCK` where it is none.
   */
  answer(to: Descriptor, bytes: Uint8Array, given: readonly Descriptor[]): Result<undefined, SysError>;
}
