import { excludes, familyOf, isSame, type Address } from '../base/address.ts';
import { err, ok, type Result } from '../base/result.ts';

/** From where `auto` is served; both ends included. */
export interface PortPool {
  readonly first: number;
  readonly last: number;
}

/** Where the configuration names no pool: below what the kernel gives to whoever does not care (ip(7)). */
export const USUAL_POOL: PortPool = { first: 20_000, last: 20_999 };

/** Names that are remembered without being held, at most: those that were used last. */
export const MOST_REMEMBERED = 4096;

/** What a port is asked for under. Two of one id are the same port. */
export interface PortId {
  /** The unit, or all instances of one together; undefined for what was asked for by a request. */
  readonly owner: string | undefined;
  readonly name: string;
}

/** A port that is wanted. */
export interface Wanted extends PortId {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  /** `auto`: one of the pool. Of a path 0. */
  readonly port: number | 'auto';
  /** Others that say so too may have the same address. */
  readonly isShared: boolean;
}

/** A port that somebody holds. */
export interface Lease extends PortId {
  readonly address: Address;
  readonly isShared: boolean;
}

/** Why there is no address to try. */
export type Refusal =
  /** Another name has it. */
  | { readonly kind: 'claimed'; readonly by: Lease }
  /** Every port of the pool is held. */
  | { readonly kind: 'exhausted' };

/** One text for an id: labels and names have no blank. */
export function idText({ owner = '', name }: PortId): string {
  return `${owner} ${name}`;
}

/** The id that a text stands for. */
export function idOf(text: string): PortId | undefined {
  const [, owner, name] = /^(\S*) (\S+)$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { owner: owner === '' ? undefined : owner, name };
}

/**
 * Who holds which port, and which port each name had. It asks nobody: whether an address is free on the host shows when
 * it is bound, so `propose` says what is to be tried, and `hold` that it went well.
 */
export class PortTable {
  #pool: PortPool;
  /** By the text of their id. */
  readonly #leases = new Map<string, Lease>();
  /** The address that each name had last, those that were used last at the end. */
  readonly #remembered: Map<string, Address>;

  constructor(
    pool: PortPool = USUAL_POOL,
    remembered: Iterable<readonly [id: string, address: Address]> = [],
  ) {
    this.#pool = pool;
    this.#remembered = new Map(remembered);
  }

  get pool(): PortPool {
    return this.#pool;
  }

  /** Serves `auto` from elsewhere from now on; what is held stays where it is. */
  serveFrom(pool: PortPool): void {
    this.#pool = pool;
  }

  /** All that are held, by owner and name; those of requests first. */
  get leases(): readonly Lease[] {
    return [...this.#leases.values()].sort((one, other) => (idText(one) < idText(other) ? -1 : 1));
  }

  leaseOf(id: PortId): Lease | undefined {
    return this.#leases.get(idText(id));
  }

  /** Where a name was bound last, or is. */
  rememberedOf(id: PortId): Address | undefined {
    return this.#remembered.get(idText(id));
  }

  /** Another name that has an address to itself, or shares it where that is not wanted. */
  rivalOf(wanted: PortId & { readonly isShared: boolean }, address: Address): Lease | undefined {
    const own = idText(wanted);
    return [...this.#leases.values()].find(
      (lease) =>
        idText(lease) !== own && excludes(lease.address, address) && !(lease.isShared && wanted.isShared),
    );
  }

  /** Whether an address is one that a name could be given for what it wants. */
  fits({ protocol, host, port }: Omit<Wanted, 'owner' | 'name' | 'isShared'>, address: Address): boolean {
    const isWithin = address.port >= this.pool.first && address.port <= this.pool.last;
    return (
      address.protocol === protocol &&
      address.host === host &&
      (port === 'auto' ? familyOf(host) !== 'unix' && isWithin : address.port === port)
    );
  }

  /**
   * The addresses to try for a name, in their order: the only one, or of the pool the one that it had last, then those
   * that no name has had, then those of names that do not hold theirs now, longest unused first.
   */
  propose(wanted: Wanted): Result<Iterable<Address>, Refusal> {
    const { protocol, host, port } = wanted;
    if (port === 'auto') {
      const free = this.#free(wanted);
      const first = free.next();
      return first.done === true ? err({ kind: 'exhausted' }) : ok(behind(first.value, free));
    }
    const address = { protocol, host, port };
    const by = this.rivalOf(wanted, address);
    return by === undefined ? ok([address]) : err({ kind: 'claimed', by });
  }

  *#free(wanted: Wanted): Generator<Address, void> {
    const { protocol, host } = wanted;
    const own = this.rememberedOf(wanted);
    const isFree = (address: Address): boolean => this.rivalOf(wanted, address) === undefined;
    const isOwnUsable = own !== undefined && this.fits(wanted, own) && isFree(own);
    if (isOwnUsable) yield own;
    const others = [...this.#remembered]
      .filter(([id]) => id !== idText(wanted))
      .map(([, address]) => address);
    const had = new Set(others.map((address) => address.port));
    for (let port = this.pool.first; port <= this.pool.last; port += 1) {
      const address = { protocol, host, port };
      if (!had.has(port) && !(isOwnUsable && port === own.port) && isFree(address)) yield address;
    }
    for (const port of new Set(others.map((address) => address.port))) {
      const address = { protocol, host, port };
      if (this.fits(wanted, address) && !(isOwnUsable && port === own.port) && isFree(address)) yield address;
    }
  }

  /** A name holds an address from now on; throws where another one does, which `propose` would have said. */
  hold(lease: Lease): void {
    const rival = this.rivalOf(lease, lease.address);
    if (rival !== undefined) throw new Error(`${idText(rival)} holds the port of ${idText(lease)}`);
    const id = idText(lease);
    this.#leases.set(id, lease);
    this.#remembered.delete(id);
    this.#remembered.set(id, lease.address);
  }

  /** A name holds nothing any more; what it had stays remembered. */
  release(id: PortId): void {
    this.#leases.delete(idText(id));
  }

  /** Forgets names that are not held and were used longest ago, as many as are too many; returns them. */
  trim(most: number = MOST_REMEMBERED): readonly string[] {
    const idle = [...this.#remembered.keys()].filter((id) => !this.#leases.has(id));
    const dropped = idle.slice(0, Math.max(0, this.#remembered.size - most));
    for (const id of dropped) this.#remembered.delete(id);
    return dropped;
  }

  /** Whether a name is remembered with just this address. */
  isRemembered(id: PortId, address: Address): boolean {
    const known = this.rememberedOf(id);
    return known !== undefined && isSame(known, address);
  }
}

function* behind<T>(first: T, rest: Iterator<T, void>): Generator<T, void> {
  yield first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}
