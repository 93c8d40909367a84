import { failure, type Failure } from '../base/failure.ts';
import { roleOf, type AccessEntry, type Peer, type Role } from '../protocol/role.ts';
import type { Connection, Sys } from '../sys/sys.ts';
import { Crowd } from './crowd.ts';
import { CONNECTIONS_SHARE, MAX_UNADMITTED, UNADMITTED_SHARE, USER_SHARE } from './limits.ts';
import { TurnedAway } from './turned-away.ts';

/** Only the supervisor's own user and root can connect, or everybody can and is known by credentials. */
const OWN_MODE = 0o600;
const PUBLIC_MODE = 0o666;

/** The mode of the socket: who is admitted must be able to connect, and no mode says that of several users. */
export function socketMode(access: readonly AccessEntry[]): number {
  return access.length === 0 ? OWN_MODE : PUBLIC_MODE;
}

/** Who a client is, by what the kernel says of it. */
export interface ClientPeer extends Peer {
  readonly pid: number;
}

/** A connection that is served. */
export interface Admitted {
  readonly peer: ClientPeer;
  /** With whom it shares what clients may use. */
  readonly crowd: Crowd;
  /** What it may do now. */
  readonly role: () => Role;
  /** To be called when it has ended. */
  left(): void;
}

/**
 * Decides who is served. Nobody who is only admitted can take all the room there is for clients, and those who
 * are not, but are to be told so, have a little of their own.
 */
export class Admission {
  readonly #ownUid: number;
  readonly #access: () => readonly AccessEntry[];
  readonly #crowd: Crowd;
  readonly #unadmitted: Crowd;
  readonly #turnedAway: TurnedAway;
  readonly #most: number;
  #present = 0;
  #unadmittedPresent = 0;
  /** Connections of each user who is not an owner. */
  readonly #byUid = new Map<number, number>();

  /**
   * @param descriptorLimit how many descriptors this process may have open
   * @param access the entries of the configuration in force
   */
  constructor(sys: Sys, descriptorLimit: number, ownUid: number, access: () => readonly AccessEntry[]) {
    this.#ownUid = ownUid;
    this.#access = access;
    this.#crowd = new Crowd(sys, descriptorLimit);
    this.#unadmitted = new Crowd(sys, descriptorLimit, UNADMITTED_SHARE);
    this.#turnedAway = new TurnedAway(sys, descriptorLimit);
    this.#most = Math.floor(descriptorLimit * CONNECTIONS_SHARE);
  }

  /** Counts the connection among those that are served; undefined where it is not, and has been told why. */
  admit(connection: Connection): Admitted | undefined {
    const peer = this.#peerOf(connection);
    const role = (): Role => roleOf(peer, this.#ownUid, this.#access());
    const first = role();
    const refusal = this.#refusal(peer, first);
    if (refusal !== undefined) {
      this.#turnedAway.turnAway(connection, refusal);
      return undefined;
    }
    const isUnadmitted = first === 'none';
    const isOwner = first === 'owner';
    this.#count(peer.uid, 1, isUnadmitted, isOwner);
    return {
      peer,
      role,
      crowd: isUnadmitted ? this.#unadmitted : this.#crowd,
      left: () => {
        this.#count(peer.uid, -1, isUnadmitted, isOwner);
      },
    };
  }

  /** Hangs up on those who were refused. */
  close(): void {
    this.#turnedAway.close();
  }

  /** Groups are asked for only where they can matter. */
  #peerOf(connection: Connection): ClientPeer {
    const { pid, uid, gid } = connection.peer;
    const isOwner = roleOf({ uid, gid, groups: [] }, this.#ownUid, []) === 'owner';
    return { pid, uid, gid, groups: isOwner ? [] : connection.peerGroups() };
  }

  #refusal({ uid }: Peer, role: Role): Failure | undefined {
    if (role === 'none' && this.#unadmittedPresent >= MAX_UNADMITTED)
      return failure('denied', 'your user is not admitted, and too many are connected who are not');
    if (this.#present >= this.#most) return failure('limit', `${this.#most} clients are connected already`);
    const mostOfOne = Math.ceil(this.#most * USER_SHARE);
    if (role !== 'owner' && (this.#byUid.get(uid) ?? 0) >= mostOfOne)
      return failure('limit', `${mostOfOne} clients of your user are connected already`);
    return undefined;
  }

  #count(uid: number, change: 1 | -1, isUnadmitted: boolean, isOwner: boolean): void {
    this.#present += change;
    if (isUnadmitted) this.#unadmittedPresent += change;
    if (isOwner) return;
    const present = (this.#byUid.get(uid) ?? 0) + change;
    if (present === 0) this.#byUid.delete(uid);
    else this.#byUid.set(uid, present);
  }
}
