import type { UnitDefinition } from '../../config/definition.ts';
import type { Depending, Dependencies } from '../../supervisor/graph/dependencies.ts';
import type { YoungNeed } from '../in-force-state.ts';

/**
 * What the units of a configuration and those that leave it say of each other. Who leaves is only stopped: before what it
 * needs, in its own order among the others that leave, and before what it excludes may come up. No unit that stays says
 * anything of one that leaves, so that nothing of this can close a circle.
 */
export function jointUnits(
  units: readonly UnitDefinition[],
  leaving: readonly UnitDefinition[],
  young: readonly YoungNeed[],
): readonly Depending[] {
  const staying = new Set(units.map(({ label }) => label));
  const going = new Set(leaving.map(({ label }) => label));
  const isYoung = (label: string, need: string): boolean =>
    young.some((one) => one.label === label && one.need === need);
  const among = (labels: readonly string[]): readonly string[] => labels.filter((label) => going.has(label));
  const known = (labels: readonly string[]): readonly string[] =>
    labels.filter((label) => going.has(label) || staying.has(label));
  return [
    ...units.map(({ label, dependencies }): Depending => {
      if (young.length === 0) return { label, dependencies };
      const needs = dependencies.needs.filter((need) => !isYoung(label, need));
      return { label, dependencies: { ...dependencies, needs } };
    }),
    ...leaving.map(({ label, dependencies: said }): Depending => {
      const dependencies: Dependencies = {
        needs: known(said.needs),
        wants: among(said.wants),
        after: among(said.after),
        before: among(said.before),
        stopAfter: among(said.stopAfter),
        stopBefore: among(said.stopBefore),
        conflicts: known(said.conflicts),
      };
      return { label, dependencies };
    }),
  ];
}
