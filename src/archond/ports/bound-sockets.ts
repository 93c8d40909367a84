import { familyOf, type Address } from '../../base/address.ts';
import { err, ok, type Result } from '../../base/result.ts';
import {
  idOf,
  idText,
  type Lease,
  PortTable,
  type PortId,
  type PortPool,
  type Wanted,
} from '../../portalloc/port-table.ts';
import type { Cancel, Descriptor, Refusal, Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Kept } from '../configured/configured-units.ts';
import { deposit } from '../deposit.ts';
import type { Log } from '../log.ts';

const KEPT = /^port:(one|shared):(.+)$/s;
const EADDRINUSE = 98;

/** A port that is wanted, and how many connections may wait there. */
export type ToBind = Wanted & { readonly backlog: number };

/** A socket that was bound. */
export interface Bound {
  readonly address: Address;
  /** The first that was tried was somebody else's. */
  readonly isElsewhere: boolean;
}

/** A socket that has no name for now. */
export interface Detached {
  readonly lease: Lease;
  readonly descriptor: Descriptor;
}

/** Why none was. */
export interface Unbound {
  /** The first that was tried; undefined where there was none. */
  readonly address: Address | undefined;
  readonly code: string;
  readonly errno: number;
  /** Another name here that has it. */
  readonly by?: Lease;
}

/**
 * The sockets that are bound here, by name. The keeper holds each too; where a name was bound last is written down, so
 * that it gets the same again.
 */
export class BoundSockets {
  readonly table: PortTable;
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  readonly #descriptors = new Map<string, Descriptor>();
  /** What ends that the keeper is offered a socket, by its descriptor; nothing of those that it held before. */
  readonly #deposits = new Map<Descriptor, Cancel>();

  constructor(sys: Sys, log: Log, chronicle: Chronicle, pool: PortPool) {
    this.#sys = sys;
    this.#log = log;
    this.#chronicle = chronicle;
    this.table = new PortTable(pool, chronicle.leases());
  }

  /** The socket of a name; the descriptor stays here. */
  socketOf(id: PortId): { readonly address: Address; readonly descriptor: Descriptor } | undefined {
    const address = this.table.leaseOf(id)?.address;
    const descriptor = this.#descriptors.get(idText(id));
    return address === undefined || descriptor === undefined ? undefined : { address, descriptor };
  }

  /** Takes over what an earlier archond held, where it is wanted as it is, or was asked for by a request; the rest is closed. */
  takeOver(kept: readonly Kept[], wanted: readonly Wanted[]): void {
    const byName = new Map(wanted.map((one) => [keptName(one), one]));
    for (const one of kept)
      if (KEPT.test(one.name) && !this.#take(one, byName.get(one.name))) this.#letGo(one);
    for (const id of this.table.trim()) this.#chronicle.leaseForgotten(id);
  }

  #take({ name, descriptor }: Kept, wanted: Wanted | undefined): boolean {
    const id = idOf(KEPT.exec(name)?.[2] ?? '');
    const bound = this.#sys.ports.addressOf(descriptor);
    const isOfRequest = id !== undefined && id.owner === undefined;
    if (id === undefined || !bound.ok || (wanted === undefined && !isOfRequest)) return false;
    const lease = { ...id, isShared: wanted?.isShared ?? false, address: bound.value };
    const fits = wanted === undefined || this.table.fits(wanted, bound.value);
    if (!fits || this.table.rivalOf(lease, bound.value) !== undefined) return false;
    this.#hold(lease, descriptor);
    return true;
  }

  /** Binds the first address of those that can be had for a name. */
  bind(wanted: ToBind): Result<Bound, Unbound> {
    const { owner, name, isShared, backlog } = wanted;
    const proposed = this.table.propose(wanted);
    if (!proposed.ok) {
      const by = proposed.error.kind === 'claimed' ? { by: proposed.error.by } : {};
      return err({ address: by.by?.address, code: 'EADDRINUSE', errno: EADDRINUSE, ...by });
    }
    let first: Unbound | undefined;
    for (const address of proposed.value) {
      const bound = this.#sys.ports.bind(address, { backlog, reusePort: isShared });
      if (bound.ok) {
        this.put({ owner, name, isShared, address }, bound.value);
        return ok({ address, isElsewhere: first !== undefined });
      }
      const { code, errno } = bound.error;
      first ??= { address, code, errno };
      if (code !== 'EADDRINUSE') break;
    }
    return err(first ?? { address: undefined, code: 'EADDRINUSE', errno: EADDRINUSE });
  }

  /** Holds a socket for a name that is bound there, and has the keeper hold it too. */
  put(lease: Lease, descriptor: Descriptor): void {
    const refused = ({ code }: Refusal): void => {
      this.#log.error('the keeper does not hold a port yet', { port: lease.name, error: code });
    };
    this.#deposits.set(descriptor, deposit(this.#sys, keptName(lease), descriptor, refused));
    this.#hold(lease, descriptor);
  }

  #hold(lease: Lease, descriptor: Descriptor): void {
    const isNews = !this.table.isRemembered(lease, lease.address);
    this.table.hold(lease);
    this.#descriptors.set(idText(lease), descriptor);
    if (isNews) this.#chronicle.leased(idText(lease), lease.address);
  }

  /** Takes its socket from a name, for another one; undefined where it has none. */
  detach(id: PortId): Detached | undefined {
    const lease = this.table.leaseOf(id);
    const descriptor = this.#descriptors.get(idText(id));
    if (lease === undefined || descriptor === undefined) return undefined;
    this.table.release(id);
    this.#descriptors.delete(idText(id));
    this.#endDeposit(descriptor);
    return { lease, descriptor };
  }

  /** Gives sockets that were taken from their names to others that have none: who listens there, and who connects, is not disturbed. */
  attach(moves: readonly { readonly from: Detached; readonly to: PortId }[]): void {
    const leases = moves.map(({ from, to }) => ({ ...from.lease, owner: to.owner, name: to.name }));
    const olds = moves.map(({ from }) => keptName(from.lease));
    const drop = (): void => {
      for (const name of olds) this.#sys.keeper.drop(name, () => undefined);
    };
    /* The keeper has them under both names for a moment rather than under none, where no name is given to two. */
    const isInTheWay = leases.some((lease) => olds.includes(keptName(lease)));
    if (isInTheWay) drop();
    for (const [at, { from }] of moves.entries()) {
      const lease = leases[at];
      if (lease === undefined) continue;
      this.put(lease, from.descriptor);
    }
    if (!isInTheWay) drop();
  }

  /** Closes a socket that was taken from its name. */
  discard({ lease, descriptor }: Detached): void {
    this.#letGo({ name: keptName(lease), descriptor });
  }

  /**
   * Closes the socket of a name, which stays remembered.
   *
   * @param done the keeper has it no more either: nobody is queued there from then on
   */
  release(id: PortId, done: () => void = () => undefined): void {
    const lease = this.table.leaseOf(id);
    const descriptor = this.#descriptors.get(idText(id));
    this.table.release(id);
    this.#descriptors.delete(idText(id));
    if (lease === undefined || descriptor === undefined) done();
    else this.#letGo({ name: keptName(lease), descriptor }, done);
  }

  /** At an orderly end: the files of Unix sockets go with what listened there. */
  close(): void {
    for (const lease of this.table.leases) this.release(lease);
  }

  #endDeposit(descriptor: Descriptor): void {
    this.#deposits.get(descriptor)?.();
    this.#deposits.delete(descriptor);
  }

  #letGo({ name, descriptor }: Kept, done: () => void = () => undefined): void {
    const bound = this.#sys.ports.addressOf(descriptor);
    this.#endDeposit(descriptor);
    this.#sys.descriptors.close(descriptor);
    this.#sys.keeper.drop(name, done);
    if (bound.ok && familyOf(bound.value.host) === 'unix') this.#sys.files.remove(bound.value.host);
  }
}

/** How the keeper calls the socket of a port: one that shares its address is not the same as one that does not. */
function keptName(id: PortId & { readonly isShared: boolean }): string {
  return `port:${id.isShared ? 'shared' : 'one'}:${idText(id)}`;
}
