import { canonicalHost, familyOf, type Address } from '../../base/address.ts';
import { describeErrno } from '../../base/errno.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import type { PortId } from '../../portalloc/port-table.ts';
import type { Descriptor, Sys } from '../../sys/sys.ts';
import type { BoundSockets, Unbound } from './bound-sockets.ts';
import type { HeldPorts } from './held-ports.ts';
import { describeTrouble, holdersOf } from './trouble.ts';

/** Ports that requests may hold at once: each is a descriptor here and at the keeper. */
export const MOST_ASKED = 1024;
/** As the configuration has it by default. */
const USUAL_HOST = '127.0.0.1';
const USUAL_BACKLOG = 511;

/** What a request says of the port that it wants. */
export interface AskedFor {
  readonly name: string;
  readonly host?: string | undefined;
  /** 0: any of the pool. */
  readonly port?: number | undefined;
  readonly protocol?: 'tcp' | 'udp' | undefined;
}

/** A socket that is handed out. */
export interface HandedOut {
  readonly id: PortId;
  readonly address: Address;
  /** Stays here. */
  readonly descriptor: Descriptor;
  /** It was bound for this. */
  readonly isNew: boolean;
}

/** Ports that are asked for by requests: those of units by their names, others bound when they are asked for first. */
export class AskedPorts {
  readonly #sys: Sys;
  readonly #sockets: BoundSockets;
  readonly #held: HeldPorts;
  readonly #own: ReadonlySet<number>;

  /** @param own pids of keeper and archond */
  constructor(sys: Sys, sockets: BoundSockets, held: HeldPorts, own: ReadonlySet<number>) {
    this.#sys = sys;
    this.#sockets = sockets;
    this.#held = held;
    this.#own = own;
  }

  /**
   * The ports of units that a name stands for: that of the unit `label` where it has one, else those of all; `LABEL:NAME`
   * says which.
   */
  ofUnits(name: string, label?: string): readonly PortId[] {
    const own =
      label === undefined ? undefined : this.#held.portsOf(label).find((port) => port.name === name);
    if (own !== undefined) return [own.id];
    const colon = name.lastIndexOf(':');
    const [owner, short] = [name.slice(0, Math.max(0, colon)), name.slice(colon + 1)];
    const { claims } = this.#held;
    const named = claims.filter(
      (claim) => claim.name === short && (claim.owner === owner || claim.labels.includes(owner)),
    );
    return named.length > 0 ? named : claims.filter((claim) => claim.name === name);
  }

  /** Whether a request holds a port of that name. */
  isAsked(name: string): boolean {
    return this.#sockets.socketOf({ owner: undefined, name }) !== undefined;
  }

  /** A port of a unit, as it is bound; `conflict` where it is to be another one. */
  ofUnit(id: PortId, asked: AskedFor): Result<HandedOut, Failure> {
    const socket = this.#sockets.socketOf(id);
    if (socket === undefined) {
      const trouble = this.#held.troubleWith(id);
      const why = trouble === undefined ? `port ${asked.name} is not bound` : describeTrouble(trouble);
      return err(failure('failed', why));
    }
    return this.#asWanted(id, asked, socket);
  }

  /** The port that a request holds under this name, or one that is bound now. */
  ofRequest(asked: AskedFor, done: (found: Result<HandedOut, Failure>) => void): void {
    const { name, port = 0, protocol = 'tcp' } = asked;
    const id = { owner: undefined, name };
    const socket = this.#sockets.socketOf(id);
    if (socket !== undefined) {
      done(this.#asWanted(id, asked, socket));
      return;
    }
    const host = canonicalHost(asked.host ?? USUAL_HOST);
    if (host === undefined) {
      done(
        err(failure('bad-argument', `${show(asked.host ?? '')} is no address of IPv4 or IPv6, and no path`)),
      );
      return;
    }
    const { leases } = this.#sockets.table;
    if (leases.filter(({ owner }) => owner === undefined).length >= MOST_ASKED) {
      done(err(failure('limit', `requests hold ${MOST_ASKED} ports already; release some`)));
      return;
    }
    const isPath = familyOf(host) === 'unix';
    const wanted = { protocol, host, port: port === 0 && !isPath ? ('auto' as const) : port };
    const bound = this.#sockets.bind({ ...id, ...wanted, isShared: false, backlog: USUAL_BACKLOG });
    const now = this.#sockets.socketOf(id);
    if (bound.ok && now !== undefined) done(ok({ id, ...now, isNew: true }));
    else if (!bound.ok) this.#explain(name, bound.error, done);
  }

  /** A request holds it no more, and nobody does when `done` is called; false, and no call, where none did. */
  release(name: string, done: () => void): boolean {
    if (!this.isAsked(name)) return false;
    this.#sockets.release({ owner: undefined, name }, done);
    return true;
  }

  #asWanted(
    id: PortId,
    { name, host, port = 0, protocol }: AskedFor,
    socket: { readonly address: Address; readonly descriptor: Descriptor },
  ): Result<HandedOut, Failure> {
    const { address } = socket;
    const isOther =
      (host !== undefined && canonicalHost(host) !== address.host) ||
      (port !== 0 && port !== address.port) ||
      (protocol !== undefined && protocol !== address.protocol);
    if (!isOther) return ok({ id, ...socket, isNew: false });
    const { owner } = id;
    const whose = owner === undefined ? 'release it first' : `it is the port of ${owner}`;
    return err(failure('conflict', `${name} is bound to ${showBound(address)}; ${whose}`));
  }

  /** Who is in the way. */
  #explain(name: string, unbound: Unbound, done: (found: Result<never, Failure>) => void): void {
    const { address, code, by } = unbound;
    if (by !== undefined) {
      done(err(failure('conflict', `${showBound(by.address)} is held for ${by.owner ?? by.name}`)));
    } else if (address === undefined) {
      done(err(failure('limit', 'every port of the pool is taken')));
    } else if (code === 'EADDRINUSE') {
      this.#sys.ports.listeners((listeners) => {
        const holders = holdersOf(address, listeners, this.#own);
        done(err(failure('busy', describeTrouble({ name, ...unbound, holders }))));
      });
    } else {
      done(
        err(
          failure('failed', `port ${name} (${showBound(address)}) cannot be bound: ${describeErrno(code)}`),
        ),
      );
    }
  }
}

function showBound({ protocol, host, port }: Address): string {
  return familyOf(host) === 'unix' ? host : `${host} port ${port} (${protocol})`;
}
