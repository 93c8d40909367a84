import { familyOf, isSame, type Address } from '../../base/address.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { idText } from '../../portalloc/port-table.ts';
import type { Listener } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { showProcesses } from '../ports/trouble.ts';

/**
 * `held`: bound here, and nobody else has it open. `open`: a process has. `failed`: it cannot be bound, the holder is who has it.
 * `stranger`: somebody listens there of whom nothing is known here.
 */
type PortState = 'held' | 'open' | 'failed' | 'stranger';

interface Row {
  readonly name: string;
  readonly address: Address;
  readonly holder: string;
  readonly state: PortState;
  /** It cannot be bound since a process of the unit itself has it. */
  readonly isKept?: boolean;
}

/** `Ports`: a `Port` record for each port of a unit or a request, then for whatever else listens on this host. */
export function ports(house: House, _request: RequestOf<'Ports'>, call: Call): void {
  house.sys.ports.listeners((listeners) => {
    const own = ownRows(house, listeners);
    const rows = [...own, ...strangers(own, listeners, house.ownPids)];
    for (const { name, address, holder, state } of rows) {
      const { protocol, host, port } = address;
      const isPath = familyOf(host) === 'unix';
      const where = [isPath ? 'unix' : protocol, fieldOfText(host), isPath ? '' : String(port)];
      call.data('Port', name, ...where, fieldOfText(holder), state);
    }
    call.ok(String(rows.length));
  });
}

function ownRows({ ports: units, sockets, ownPids }: House, listeners: readonly Listener[]): readonly Row[] {
  const users = (address: Address): Listener['processes'] =>
    listeners
      .filter((listener) => isSame(listener, address))
      .flatMap(({ processes }) => processes)
      .filter(({ pid }) => !ownPids.has(pid));
  const rows: Row[] = sockets.table.leases.map(({ owner, name, address }) => {
    const processes = users(address);
    const holder = owner ?? showProcesses(processes);
    return { name, address, holder, state: processes.length > 0 ? 'open' : 'held' };
  });
  for (const claim of units.claims) {
    const trouble = units.troubleWith(claim);
    if (trouble === undefined) continue;
    const { name, protocol, host, port } = claim;
    const address = trouble.address ?? { protocol, host, port: port === 'auto' ? 0 : port };
    const holder = trouble.claimedBy ?? showProcesses(trouble.holders ?? []);
    rows.push({ name, address, holder, state: 'failed', isKept: trouble.keeping !== undefined });
  }
  return rows.sort((one, other) => compare(one, other));
}

function compare(one: Row, other: Row): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : one.holder < other.holder ? -1 : 1;
}

/** What listens at ports that are not ours, once for each address; Unix sockets are no ports that anybody could want. */
function strangers(
  own: readonly Row[],
  listeners: readonly Listener[],
  ownPids: ReadonlySet<number>,
): readonly Row[] {
  const ours = own.filter(({ state, isKept }) => state !== 'failed' || isKept === true);
  const found = new Map<string, Row>();
  for (const { processes, ...address } of listeners) {
    const others = processes.filter(({ pid }) => !ownPids.has(pid));
    const isOurs = ours.some((row) => isSame(row.address, address));
    if (familyOf(address.host) === 'unix' || isOurs) continue;
    if (others.length === 0 && processes.length > 0) continue;
    const key = `${address.protocol} ${address.host} ${String(address.port)}`;
    found.set(key, { name: '', address, holder: showProcesses(others), state: 'stranger' });
  }
  return [...found.values()].sort(
    ({ address: one }, { address: other }) =>
      one.port - other.port || (one.host < other.host ? -1 : 1) || (one.protocol < other.protocol ? -1 : 1),
  );
}

/** For `Dump`: the pool, then `OWNER NAME PROTOCOL HOST PORT STATE` for each name that has or wants a port; `-` for what is not there. */
export function portLines({ ports: units, sockets }: House): readonly string[] {
  const { pool, leases } = sockets.table;
  const line = (
    owner: string | undefined,
    name: string,
    address: Address | undefined,
    state: string,
  ): string =>
    [owner ?? '-', name, address?.protocol ?? '-', address?.host ?? '-', address?.port ?? '-', state].join(
      ' ',
    );
  const held = new Set(leases.map(idText));
  return [
    `pool ${pool.first}-${pool.last}`,
    ...leases.map(({ owner, name, address }) => line(owner, name, address, 'held')),
    ...units.claims
      .filter((claim) => !held.has(idText(claim)))
      .map((claim) => line(claim.owner, claim.name, units.troubleWith(claim)?.address, 'failed')),
  ];
}
