import { familyOf } from '../../base/address.ts';
import { failure, type Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { idText, type PortId } from '../../portalloc/port-table.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { HandedOut } from '../ports/asked-ports.ts';
import { unitOfProcess } from '../ports/asker.ts';

/**
 * `Port`: the socket of a name. A process of a unit gets the ports of its own unit, and those that no unit has;
 * others, who own this supervisor, get all.
 */
export function port(house: House, request: RequestOf<'Port'>, call: Call): void {
  const { askedPorts } = house;
  const { name } = request.args;
  const asked = { name, ...request.options };
  const give = (found: Result<HandedOut, Failure>): void => {
    answer(house, name, found, call);
  };
  unitOfProcess(house.sys, house.supervisor, call.client.peer.pid, (label) => {
    if (call.isClosed) return;
    const ids = askedPorts.ofUnits(name, label);
    const [id] = ids;
    if (id === undefined || (askedPorts.isAsked(name) && label === undefined)) {
      askedPorts.ofRequest(asked, give);
    } else if (label !== undefined && !isOf(house, label, id)) {
      call.fail(
        failure('denied', `port ${name} belongs to ${id.owner ?? ''}, and ${label} gets its own ones only`),
      );
    } else if (ids.length > 1) {
      const names = ids.map((one) => `${one.owner ?? ''}:${one.name}`).join(', ');
      call.fail(failure('conflict', `several units have a port ${name}: say which of ${names}`));
    } else {
      give(askedPorts.ofUnit(id, asked));
    }
  });
}

function isOf({ ports }: House, label: string, id: PortId): boolean {
  return ports.portsOf(label).some((one) => idText(one.id) === idText(id));
}

function answer({ chronicle }: House, name: string, found: Result<HandedOut, Failure>, call: Call): void {
  if (!found.ok) {
    call.fail(found.error);
    return;
  }
  const { address, descriptor, isNew, id } = found.value;
  const shown = familyOf(address.host) === 'unix' ? '' : String(address.port);
  if (isNew) {
    const where = [['host', address.host] as const, ['port', shown] as const];
    chronicle.append(id.owner ?? '', 'port', [['what', 'bound'], ['name', name], ...where], call.cause);
    chronicle.flush();
  }
  call.close({ kind: 'ok', fields: [fieldOfText(address.host), shown] }, [descriptor]);
}

/** `ReleasePort`: what a request has bound is closed here; who has it open keeps it. */
export function releasePort(house: House, request: RequestOf<'ReleasePort'>, call: Call): void {
  const { askedPorts, chronicle } = house;
  const { name } = request.args;
  const closed = (): void => {
    call.ok();
  };
  if (askedPorts.release(name, closed)) {
    chronicle.append(
      '',
      'port',
      [
        ['what', 'released'],
        ['name', name],
      ],
      call.cause,
    );
    chronicle.flush();
    return;
  }
  const [id] = askedPorts.ofUnits(name);
  call.fail(
    id === undefined
      ? failure('not-found', `there is no port ${name}`)
      : failure('conflict', `port ${name} belongs to ${id.owner ?? ''}, by the configuration`),
  );
}
