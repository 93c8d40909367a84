import { familyOf, isSame, type Address, type Family } from '../../base/address.ts';
import { portSetting } from '../../base/port-setting.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Configuration } from '../../config/configuration.ts';
import { isSameData } from '../../config/same.ts';
import { idText, USUAL_POOL, type PortId, type PortPool } from '../../portalloc/port-table.ts';
import { NO_CAUSE, type Cause } from '../../supervisor/cause.ts';
import type { Descriptor, Listener, Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import type { Kept } from '../configured/configured-units.ts';
import type { Log } from '../log.ts';
import type { BoundSockets, Detached } from './bound-sockets.ts';
import { claimsOf, groupsOf, isAlike, type Claim, type Claims, type UnitPort } from './claims.ts';
import { keepingOf, regain, type Lost, type Regained } from './regain.ts';
import { describeTrouble, holdersOf, type PortTrouble } from './trouble.ts';

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

const EADDRINUSE = 98;
/** SD_LISTEN_FDS_START. */
const FIRST_PASSED = 3;

/**
 * The sockets that are bound here, for units and for whoever asks. The keeper holds each too, so that nothing is
 * refused while there is no archond; an archond that comes up takes over what is still wanted, and lets go of the rest.
 */
export class HeldPorts {
  readonly #sys: Sys;
  readonly #sockets: BoundSockets;
  readonly #log: Log;
  readonly #chronicle: Chronicle;
  #claims: Claims;
  /** By label: of which it is an instance. */
  #groups: ReadonlyMap<string, string>;
  readonly #troubles = new Map<string, PortTrouble>();
  /** What was told last of a port that is in trouble. */
  readonly #told = new Map<string, string>();
  /** Processes that have the sockets open because they are held here. */
  readonly #own: ReadonlySet<number>;

  /** @param own pids of keeper and archond */
  constructor(
    sys: Sys,
    sockets: BoundSockets,
    log: Log,
    chronicle: Chronicle,
    { units }: Configuration,
    own: ReadonlySet<number>,
  ) {
    this.#sys = sys;
    this.#sockets = sockets;
    this.#log = log;
    this.#chronicle = chronicle;
    this.#own = own;
    this.#claims = claimsOf(units);
    this.#groups = groupsOf(units);
  }

  /**
   * Other units are in force: what is wanted as it is stays held, under another name too; the rest is let go of, and what is
   * missing is bound, unless the process that is to have it has yet to make room.
   *
   * @param hasProcess whether a process of the unit is there
   */
  replace({ units, portPool }: Configuration, hasProcess: (label: string) => boolean, cause: Cause): void {
    this.#sockets.table.serveFrom(portPool ?? USUAL_POOL);
    const before = new Map(this.#claims.all.map((claim) => [idText(claim), claim]));
    this.#claims = claimsOf(units);
    this.#groups = groupsOf(units);
    const wanted = new Map(this.#claims.all.map((claim) => [idText(claim), claim]));
    this.#rearrange(before, wanted);
    for (const id of [...this.#troubles.keys()])
      if (!wanted.has(id) || !isSameData(before.get(id), wanted.get(id))) this.#troubles.delete(id);
    for (const claim of this.#claims.all)
      if (!this.#isHeld(claim) && !this.#troubles.has(idText(claim)) && !claim.labels.some(hasProcess))
        this.#bind(claim, cause);
    const troubled = this.#claims.all.filter((claim) => this.#troubles.has(idText(claim)));
    if (troubled.length > 0) this.#explain(troubled, cause, () => undefined);
  }

  /** What is not wanted as it is held goes to whoever wants just that, or is closed. */
  #rearrange(before: ReadonlyMap<string, Claim>, wanted: ReadonlyMap<string, Claim>): void {
    const left: { readonly claim: Claim; readonly socket: Detached }[] = [];
    for (const [id, claim] of before) {
      const address = this.#sockets.socketOf(claim)?.address;
      const now = wanted.get(id);
      const isAsBefore =
        now !== undefined &&
        isAlike(claim, now) &&
        address !== undefined &&
        this.#sockets.table.fits(now, address);
      const socket = isAsBefore ? undefined : this.#sockets.detach(claim);
      if (socket !== undefined) left.push({ claim, socket });
    }
    const moves = this.#claims.all.flatMap((to) => {
      if (to.port === 'auto' || this.#isHeld(to)) return [];
      const at = left.findIndex(
        ({ claim, socket }) => isAlike(claim, to) && this.#sockets.table.fits(to, socket.lease.address),
      );
      const [found] = at < 0 ? [] : left.splice(at, 1);
      return found === undefined ? [] : [{ from: found.socket, to }];
    });
    for (const { socket } of left) this.#sockets.discard(socket);
    this.#sockets.attach(moves);
  }

  /** Whether one of a unit's ports is held where it would not be bound if the pool were another one. */
  isOutside(label: string, pool: PortPool): boolean {
    return this.portsOf(label).some(({ id }) => {
      const claim = this.#claims.all.find((one) => idText(one) === idText(id));
      const port = claim?.port === 'auto' ? this.#sockets.socketOf(id)?.address.port : undefined;
      return port !== undefined && (port < pool.first || port > pool.last);
    });
  }

  /**
   * Takes over what an earlier archond held, and what was lost with keeper and archond out of the processes of the units;
   * calls back, within the call where nothing was lost.
   */
  takeOver(kept: readonly Kept[], cause: Cause, goOn: () => void): void {
    const { table } = this.#sockets;
    this.#sockets.takeOver(kept, this.#claims.all);
    const lost = this.#claims.all.flatMap((claim): Lost[] => {
      const { protocol, host, port } = claim;
      const address = port === 'auto' ? table.rememberedOf(claim) : { protocol, host, port };
      const isWanted = address !== undefined && table.fits(claim, address) && !this.#isHeld(claim);
      return isWanted ? [{ claim, address }] : [];
    });
    regain(this.#sys, lost, (one, what) => this.#regained(one, what, cause), goOn);
  }

  /** Binds what is missing: before anything is started. */
  bindMissing(cause: Cause): void {
    for (const claim of this.#claims.all)
      if (!this.#isHeld(claim) && this.troubleWith(claim) === undefined) this.#bind(claim, cause);
    const claims = this.#claims.all.filter((claim) => this.#troubles.has(idText(claim)));
    if (claims.length > 0) this.#explain(claims, cause, () => undefined);
  }

  #regained({ claim, address }: Lost, what: Regained, cause: Cause): void {
    const { owner, name, isShared, labels } = claim;
    const lease = { owner, name, isShared, address };
    if (what.kind === 'kept') {
      const keeping = what.by;
      this.#troubles.set(idText(claim), { name, address, code: 'EADDRINUSE', errno: EADDRINUSE, keeping });
    } else if (what.kind === 'regained' && this.#sockets.table.rivalOf(lease, address) !== undefined) {
      this.#sys.descriptors.close(what.descriptor);
    } else if (what.kind === 'regained') {
      this.#sockets.put(lease, what.descriptor);
      for (const label of labels)
        this.#chronicle.append(
          label,
          'port',
          [
            ['what', 'regained'],
            ['name', name],
            ['host', address.host],
            ['port', String(address.port)],
            ['holder', String(what.from.process.pid)],
            ['program', what.from.process.name],
          ],
          cause,
        );
    }
  }

  /** The sockets that are held for a unit, in the order in which they are passed. */
  lease(label: string): readonly HeldPort[] {
    return this.portsOf(label).flatMap(({ id, name, pass }) => {
      const socket = this.#sockets.socketOf(id);
      return socket === undefined ? [] : [{ name, ...socket.address, pass, descriptor: socket.descriptor }];
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

  /** All that units want, in the order of the configuration. */
  get claims(): readonly Claim[] {
    return this.#claims.all;
  }

  /** Why a port is not held; undefined where it is, or nobody wants it. */
  troubleWith(id: PortId): PortTrouble | undefined {
    return this.#troubles.get(idText(id));
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
    const { table } = this.#sockets;
    return table.leaseOf(id)?.address ?? table.rememberedOf(id);
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
    return this.#sockets.socketOf(id) !== undefined;
  }

  // ---- binding ------------------------------------------------------------------------------------

  #bind(claim: Claim, cause: Cause): void {
    const before = this.#sockets.table.rememberedOf(claim);
    const bound = this.#sockets.bind(this.#asSibling(claim));
    const id = idText(claim);
    if (bound.ok) {
      this.#troubles.delete(id);
      this.#told.delete(id);
      if (bound.value.isElsewhere && before !== undefined)
        this.#moved(claim, before, bound.value.address, cause);
      return;
    }
    const { by, ...unbound } = bound.error;
    const claimedBy = by === undefined ? {} : { claimedBy: by.owner ?? by.name };
    this.#troubles.set(id, { name: claim.name, ...unbound, ...claimedBy });
  }

  /** Instances that each have a socket of their own on one port: the first chooses it where it is `auto`. */
  #asSibling(claim: Claim): Claim {
    const group = this.#groups.get(claim.owner ?? '');
    if (claim.port !== 'auto' || !claim.isShared || group === undefined) return claim;
    const sibling = this.#sockets.table.leases.find(
      (lease) => lease.name === claim.name && this.#groups.get(lease.owner ?? '') === group,
    );
    return sibling === undefined ? claim : { ...claim, port: sibling.address.port };
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

  #explain(claims: readonly Claim[], cause: Cause, done: () => void): void {
    this.#sys.ports.listeners((listeners) => {
      const next = (at: number): void => {
        const claim = claims[at];
        if (claim === undefined) {
          this.#chronicle.flush();
          done();
          return;
        }
        this.#explainOne(claim, listeners, cause, () => {
          next(at + 1);
        });
      };
      next(0);
    });
  }

  #explainOne(claim: Claim, listeners: readonly Listener[], cause: Cause, done: () => void): void {
    const trouble = this.#troubles.get(idText(claim));
    const address = trouble?.address;
    const holders = address === undefined ? [] : holdersOf(address, listeners, this.#own);
    keepingOf(this.#sys, claim.labels, holders, (keeping) => {
      /* It may have been bound meanwhile. */
      const now = this.#troubles.get(idText(claim));
      if (now !== undefined) {
        const isSameKeeping = now.keeping?.process.pid === keeping?.process.pid;
        const { keeping: before, ...rest } = now;
        const by = isSameKeeping ? before : keeping;
        const known = { ...rest, holders, ...(by === undefined ? {} : { keeping: by }) };
        this.#troubles.set(idText(claim), known);
        this.#tell(claim, known, cause);
      }
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
