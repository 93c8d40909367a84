import type { Supervisor } from '../supervisor.ts';
import type { UnitRecord } from '../unit-record.ts';

/**
 * Calls back once a spawn of the unit that is under way has become a process, or has been refused; false, and no call, where
 * none is. A process may ask for something before the keeper, on a busy machine, has said whose it is.
 */
export function whenMade({ records }: Pick<Supervisor, 'records'>, label: string, then: () => void): boolean {
  const record = records.get(label);
  const coming = [record, record?.beside].find((one) => one !== undefined && isComing(one));
  if (coming === undefined) return false;
  const observe = (): void => {
    if (isComing(coming)) return;
    coming.observers.delete(observe);
    then();
  };
  coming.observers.add(observe);
  return true;
}

function isComing({ unit, ref }: UnitRecord): boolean {
  return unit.state.kind === 'starting' && ref?.generation !== unit.generation;
}
