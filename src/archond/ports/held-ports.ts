import { familyOf, isSame, type Address, type Family } from '../../base/address.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Configuration } from '../../config/configuration.ts';
import { portSetting } from '../../config/port-reference.ts';
import { idText, PortTable, USUAL_POOL, type Lease, type PortId } from '../../portalloc/port-table.ts';
import { NO_CAUSE, type Cause } from '../../supervisor/cause.ts';
import type { Descriptor, Sys, SysError } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Kept } from '../configured/configured-units.ts';
import type { Log } from '../log.ts';
import { claimsOf, type Claim, type Claims, type UnitPort } from './claims.ts';
import { describeTrouble, holdersOf, type PortTrouble } from './trouble.ts';

const KEPT = /^port:(one|shared):(.+)$/s;
const EADDRINUSE = 98;

/** A socket that is held for a unit. */
export interface HeldPort {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  readonly pass: 'fd' | 'bind';
  /** Stays its holder's: whoever hands it on makes a copy. */
  readonly descriptor: Descriptor;
}

/** What a process gets of its ports. */
export interface PassedPorts {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly descriptors: readonly { readonly from: Descriptor; readonly to: number }[];
}

/** SD_LISTEN_FDS_START. */
const FIRST_PASSED = 3;

/**
 * The sockets that are bound here, for units and for whoever asks. The keeper holds each too, so that nothing is
 * refused while there is no archond; an archond that comes up takes over what is still wanted, and lets go of the rest.
 */
export class HeldPorts {
  readonly table: PortTable;
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  readonly #claims: Claims;
  /** By label: of which it is an instance. */
  readonly #groups: ReadonlyMap<string, string>;
  readonly #descriptors = new Map<string, Descriptor>();
  readonly #troubles = new Map<string, PortTrouble>();
  /** What was told last of a port that is in trouble. */
  readonly #told = new Map<string, string>();
  /** Processes that have the sockets open because they are held here. */
  readonly #own: ReadonlySet<number>;

  /** @param own pids of keeper and archond */
  constructor(
    sys: Sys,
    log: Log,
    chronicle: Chronicle,
    configuration: Configuration,
    own: ReadonlySet<number>,
  ) {
    this.#sys = sys;
    this.#log = log;
    this.#chronicle = chronicle;
    this.#own = own;
    const { units, portPool = USUAL_POOL } = configuration;
    this.#claims = claimsOf(units);
    this.#groups = new Map(
      units.flatMap(({ label, instance }) => (instance === undefined ? [] : [[label, instance.of] as const])),
    );
    this.table = new PortTable(portPool, chronicle.leases());
  }

  /** Takes over what an earlier archond held, and binds what is missing: before anything is started. */
  takeOver(kept: readonly Kept[], cause: Cause): void {
    const wanted = new Map(this.#claims.all.map((claim) => [keptName(claim), claim]));
    for (const one of kept) {
      if (!KEPT.test(one.name)) continue;
      if (!this.#take(one, wanted.get(one.name))) this.#letGo(one);
    }
    for (const claim of this.#claims.all) if (!this.#isHeld(claim)) this.#bind(claim, cause);
    for (const id of this.table.trim()) this.#chronicle.leaseForgotten(id);
    this.#explainAll(cause);
  }

  /** The sockets that are held for a unit, in the order in which they are passed. */
  lease(label: string): readonly HeldPort[] {
    return this.portsOf(label).flatMap(({ id, name, pass }) => {
      const address = this.table.leaseOf(id)?.address;
      const descriptor = this.#descriptors.get(idText(id));
      return address === undefined || descriptor === undefined
        ? []
        : [{ name, ...address, pass, descriptor }];
    });
  }

  /** That of a unit which is bound just there. `address` in its canonical form, for a Unix socket the path with port 0. */
  find(
    label: string,
    family: Family,
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
  ): HeldPort | undefined {
    const wanted = { protocol, host: address, port };
    return this.lease(label).find((held) => familyOf(held.host) === family && isSame(held, wanted));
  }

  /** The ports of a unit by its definition, held or not. */
  portsOf(label: string): readonly UnitPort[] {
    return this.#claims.ofUnit.get(label) ?? [];
  }

  /** Why one of a unit's ports is not held; undefined where all are. */
  troubleOf(label: string): PortTrouble | undefined {
    return this.portsOf(label)
      .map(({ id }) => this.#troubles.get(idText(id)))
      .find((trouble) => trouble !== undefined);
  }

  /** `PORT_<NAME>` for each port: its number, or the path of a Unix socket. */
  settingsOf(label: string): readonly (readonly [name: string, value: string])[] {
    return this.portsOf(label).map(({ name, id }) => {
      const address = this.#addressOf(id);
      const isPath = address !== undefined && familyOf(address.host) === 'unix';
      return [portSetting(name), isPath ? address.host : String(address?.port ?? 0)];
    });
  }

  /** The number of a port of a unit, 0 where it is not known. */
  numberOf(label: string, name: string): number {
    const port = this.portsOf(label).find((one) => one.name === name);
    return (port === undefined ? undefined : this.#addressOf(port.id))?.port ?? 0;
  }

  #addressOf(id: PortId): Address | undefined {
    return this.table.leaseOf(id)?.address ?? this.table.rememberedOf(id);
  }

  /** What the next process of a unit gets; what could not be bound before is tried once more. */
  prepare(label: string): Result<PassedPorts, PortTrouble> {
    for (const claim of this.#claimsOf(label)) {
      if (this.#isHeld(claim)) continue;
      this.#bind(claim, NO_CAUSE);
      const trouble = this.#troubles.get(idText(claim));
      if (trouble !== undefined) return err(trouble);
    }
    const passed = this.lease(label).filter(({ pass }) => pass === 'fd');
    if (passed.length === 0) return ok({ env: [], descriptors: [] });
    return ok({
      env: [
        ['LISTEN_FDS', String(passed.length)],
        ['LISTEN_FDNAMES', passed.map(({ name }) => name).join(':')],
      ],
      descriptors: passed.map(({ descriptor }, at) => ({ from: descriptor, to: FIRST_PASSED + at })),
    });
  }

  #claimsOf(label: string): readonly Claim[] {
    return this.#claims.all.filter((claim) => claim.labels.includes(label));
  }

  #isHeld(id: PortId): boolean {
    return this.table.leaseOf(id) !== undefined;
  }

  // ---- taking over and letting go ---------------------------------------------------------------

  /** Whether what the keeper held is what is wanted. */
  #take({ descriptor }: Kept, claim: Claim | undefined): boolean {
    const bound = this.#sys.ports.addressOf(descriptor);
    if (claim === undefined || !bound.ok || this.#isHeld(claim)) return false;
    const { owner, name: port, isShared } = claim;
    const lease = { owner, name: port, isShared, address: bound.value };
    if (!this.table.fits(claim, bound.value) || this.table.rivalOf(claim, bound.value) !== undefined)
      return false;
    this.#hold(lease, descriptor);
    return true;
  }

  #letGo({ name, descriptor }: Kept): void {
    const bound = this.#sys.ports.addressOf(descriptor);
    this.#sys.descriptors.close(descriptor);
    this.#sys.keeper.drop(name, () => undefined);
    if (bound.ok && familyOf(bound.value.host) === 'unix') this.#sys.files.remove(bound.value.host);
  }

  #hold(lease: Lease, descriptor: Descriptor): void {
    const id = idText(lease);
    const isNews = !this.table.isRemembered(lease, lease.address);
    this.table.hold(lease);
    this.#descriptors.set(id, descriptor);
    this.#troubles.delete(id);
    this.#told.delete(id);
    if (isNews) this.#chronicle.leased(id, lease.address);
  }

  /** At an orderly end: the files of Unix sockets go with what listened there. */
  close(): void {
    for (const lease of this.table.leases) {
      const descriptor = this.#descriptors.get(idText(lease));
      if (descriptor !== undefined) this.#letGo({ name: keptName(lease), descriptor });
    }
    this.#descriptors.clear();
  }

  // ---- binding ------------------------------------------------------------------------------------

  #bind(claim: Claim, cause: Cause): void {
    const { owner, name, isShared, backlog } = claim;
    const proposed = this.table.propose(this.#asSiblings(claim));
    if (!proposed.ok) {
      const by = proposed.error.kind === 'claimed' ? proposed.error.by : undefined;
      this.#failed(claim, by?.address, { code: 'EADDRINUSE', errno: EADDRINUSE }, by);
      return;
    }
    let first: { readonly address: Address; readonly error: SysError } | undefined;
    for (const address of proposed.value) {
      const bound = this.#sys.ports.bind(address, { backlog, reusePort: isShared });
      if (bound.ok) {
        const before = this.table.rememberedOf(claim);
        const kept = keptName(claim);
        this.#sys.keeper.store(kept, bound.value, true, (stored) => {
          if (!stored.ok)
            this.#log.error('a port is not held by the keeper', { port: name, error: stored.error.code });
        });
        this.#hold({ owner, name, isShared, address }, bound.value);
        if (first !== undefined && before !== undefined) this.#moved(claim, before, address, cause);
        return;
      }
      first ??= { address, error: bound.error };
      if (bound.error.code !== 'EADDRINUSE') break;
    }
    if (first === undefined) this.#failed(claim, undefined, { code: 'EADDRINUSE', errno: EADDRINUSE });
    else this.#failed(claim, first.address, first.error);
  }

  /** Instances that each have a socket of their own on one port: the first chooses it where it is `auto`. */
  #asSiblings(claim: Claim): Claim {
    const group = this.#groups.get(claim.owner ?? '');
    if (claim.port !== 'auto' || !claim.isShared || group === undefined) return claim;
    const sibling = this.table.leases.find(
      (lease) => lease.name === claim.name && this.#groups.get(lease.owner ?? '') === group,
    );
    return sibling === undefined ? claim : { ...claim, port: sibling.address.port };
  }

  #failed(
    claim: Claim,
    address: Address | undefined,
    { code, errno }: Pick<SysError, 'code' | 'errno'>,
    by?: Lease,
  ): void {
    const claimedBy = by === undefined ? {} : { claimedBy: by.owner ?? by.name };
    this.#troubles.set(idText(claim), { name: claim.name, address, code, errno, ...claimedBy });
  }

  /** The port that a name had was taken by somebody else while it was not held. */
  #moved({ labels, name }: Claim, before: Address, now: Address, cause: Cause): void {
    const [label = ''] = labels;
    this.#chronicle.append(
      label,
      'port',
      [
        ['what', 'moved'],
        ['name', name],
        ['from', String(before.port)],
        ['port', String(now.port)],
      ],
      cause,
    );
    this.#log.warn('a port of the pool was taken by somebody else', { label, name, port: before.port });
  }

  // ---- saying why ---------------------------------------------------------------------------------

  /** Finds out who holds what a unit cannot have, tells that once as an event, and calls back with the sentence. */
  explain(label: string, cause: Cause, done: () => void): void {
    const claims = this.#claimsOf(label).filter((claim) => this.#troubles.has(idText(claim)));
    this.#explain(claims, cause, done);
  }

  #explainAll(cause: Cause): void {
    const claims = this.#claims.all.filter((claim) => this.#troubles.has(idText(claim)));
    if (claims.length > 0) this.#explain(claims, cause, () => undefined);
  }

  #explain(claims: readonly Claim[], cause: Cause, done: () => void): void {
    this.#sys.ports.listeners((listeners) => {
      for (const claim of claims) {
        const trouble = this.#troubles.get(idText(claim));
        if (trouble === undefined) continue;
        const { address } = trouble;
        const holders = address === undefined ? [] : holdersOf(address, listeners, this.#own);
        const known = { ...trouble, holders };
        this.#troubles.set(idText(claim), known);
        this.#tell(claim, known, cause);
      }
      this.#chronicle.flush();
      done();
    });
  }

  #tell(claim: Claim, trouble: PortTrouble, cause: Cause): void {
    const id = idText(claim);
    const why = describeTrouble(trouble);
    if (this.#told.get(id) === why) return;
    this.#told.set(id, why);
    const { address, code, holders = [] } = trouble;
    const [holder] = holders;
    for (const label of claim.labels) {
      this.#log.warn(why, { label });
      this.#chronicle.append(
        label,
        'port',
        [
          ['what', 'taken'],
          ['name', claim.name],
          ...(address === undefined
            ? []
            : [['host', address.host] as const, ['port', String(address.port)] as const]),
          ['errno', code],
          ...(holder === undefined
            ? []
            : [['holder', String(holder.pid)] as const, ['program', holder.name] as const]),
          ['why', why],
        ],
        cause,
      );
    }
  }
}

/** How the keeper calls the socket of a port: one that shares its address is not the same as one that does not. */
function keptName(id: PortId & { readonly isShared: boolean }): string {
  return `port:${id.isShared ? 'shared' : 'one'}:${idText(id)}`;
}
