import nodePath from 'node:path';
import { excludes, familyOf, type Address } from '../base/address.ts';
import type { Complaint } from './complaint.ts';
import type { DefinedUnit } from './dependency-names.ts';
import { placeOf, showPath, type TreePath } from './tree.ts';

/** Complaints about files that two units would write their output to. `logDir` is where logs lie by default. */
export function logClashes(units: readonly DefinedUnit[], logDir: string): readonly Complaint[] {
  const writers = new Map<string, DefinedUnit>();
  return units.flatMap((unit) =>
    logFiles(unit, logDir).flatMap((file) => {
      const other = writers.get(file);
      writers.set(file, other ?? unit);
      /* Two units of one label are complained about as such. */
      if (other === undefined || other.definition.label === unit.definition.label) return [];
      const message = `${unit.definition.label} and ${other.definition.label} would both write ${file}`;
      return [clash('log-clash', unit, other, ['log'], message)];
    }),
  );
}

function logFiles({ definition: { label, log } }: DefinedUnit, logDir: string): readonly string[] {
  if (log.kind !== 'file') return [];
  const file = nodePath.posix.normalize(log.path ?? `${logDir}/${label}.log`);
  return log.stderr === 'separate' ? [file, errorLog(file)] : [file];
}

/** The file of the standard error where that is kept apart: `web.err.log` beside `web.log`. */
function errorLog(file: string): string {
  return file.endsWith('.log') ? `${file.slice(0, -'.log'.length)}.err.log` : `${file}.err`;
}

/** Complaints about ports that two units claim, or one unit twice. Instances of one unit may share theirs. */
export function portClashes(units: readonly DefinedUnit[]): readonly Complaint[] {
  const claims = new Map<
    string,
    { readonly unit: DefinedUnit; readonly name: string; readonly address: Address }[]
  >();
  const complaints: Complaint[] = [];
  for (const unit of units) {
    for (const { name, port, host, protocol } of unit.definition.ports) {
      if (port === 'auto') continue;
      const address = { protocol, host, port };
      const key = familyOf(host) === 'unix' ? host : String(port);
      const earlier = claims.get(key) ?? [];
      const other = earlier.find(
        (claim) => excludes(claim.address, address) && !isShared(claim, { unit, name }),
      );
      if (other !== undefined) {
        const { label } = unit.definition;
        const what = familyOf(host) === 'unix' ? host : `${port} (${protocol})`;
        const message = `port ${what} is claimed by ${label} and by ${other.unit.definition.label}`;
        complaints.push(clash('port-clash', unit, other.unit, ['ports', name], message));
      }
      claims.set(key, [...earlier, { unit, name, address }]);
    }
  }
  return complaints;
}

/** Instances have one port between them, or each its own socket on it; but another port of the same unit is another one. */
function isShared(
  one: { readonly unit: DefinedUnit; readonly name: string },
  other: { readonly unit: DefinedUnit; readonly name: string },
): boolean {
  const isOfOne = one.unit.instance.declared === other.unit.instance.declared;
  return one.unit !== other.unit && one.name === other.name && isOfOne;
}

function clash(
  kind: 'log-clash' | 'port-clash',
  { instance }: DefinedUnit,
  { instance: other }: DefinedUnit,
  path: TreePath,
  message: string,
): Complaint {
  const isThere = instance.tree.entries.has(String(path[0]));
  const key = showPath(['units', instance.declared, ...path]);
  const otherPlace = other.tree.entries.has(String(path[0])) ? placeOf(other.tree, path) : other.place;
  const place = isThere ? placeOf(instance.tree, path) : instance.place;
  return { kind, place, key, message, other: otherPlace };
}
