import { parseLabel } from '../base/label.ts';
import type { Complaint } from './complaint.ts';
import { withDefaults } from './defaults.ts';
import { absolutePaths } from './paths.ts';
import type { Place } from './place.ts';
import type { ReadFile } from './read-files.ts';
import { putIn } from './substitute.ts';
import { showPath, type MapTree, type Tree, type TreePath } from './tree.ts';
import { unexpected } from './unexpected.ts';

/**
 * A unit as a file declares it: with its defaults, parameters put in, paths absolute. Its texts still
 * hold what is known of each instance and port only: `{instance}`, `{port.NAME}`, and braces twice where
 * braces are meant.
 */
export interface Declaration {
  readonly label: string;
  /** Where the label stands. */
  readonly place: Place;
  readonly tree: MapTree;
}

/** The keys whose texts are nobody's but the program's: no braces mean anything in them. */
const VERBATIM: ReadonlySet<string> = new Set(['script', 'ready.log']);

/** Whether the text at that path of a unit stays as it is. */
export function isVerbatim(path: TreePath): boolean {
  return VERBATIM.has(showPath(path));
}

/** What the `defaults` of a file say, as the declaration of a unit would; undefined where there are none. */
export function defaultsOf(file: ReadFile, complaints: Complaint[]): MapTree | undefined {
  const tree = file.tree.entries.get('defaults')?.value;
  if (tree === undefined || tree.kind === 'empty') return undefined;
  if (tree.kind === 'map')
    return absolutePaths(putIn(tree, file.parameters, isVerbatim, ['defaults'], complaints), file.folder);
  complaints.push(unexpected(tree, ['defaults'], 'a mapping of the keys of a unit'));
  return undefined;
}

/**
 * The units that a file declares. `earlier` holds those of the files before by their labels, and takes these;
 * of a label that is taken the first stays.
 */
export function declare(
  file: ReadFile,
  defaults: MapTree | undefined,
  earlier: Map<string, Declaration>,
  complaints: Complaint[],
): void {
  const units = file.tree.entries.get('units')?.value;
  if (units === undefined || units.kind === 'empty') return;
  if (units.kind !== 'map') {
    complaints.push(unexpected(units, ['units'], 'a mapping from labels'));
    return;
  }
  for (const [label, { keyAt, value }] of units.entries) {
    const path = ['units', label];
    const own = unitTree(keyAt, value);
    if (own === undefined) complaints.push(unexpected(value, path, 'a mapping of the keys of a unit'));
    const written = absolutePaths(
      putIn(own ?? standIn(keyAt), file.parameters, isVerbatim, path, complaints),
      file.folder,
    );
    const declaration = { label, place: keyAt, tree: withDefaults(written, defaults) };
    const other = earlier.get(label);
    if (other === undefined) {
      earlier.set(label, declaration);
      complaints.push(...labelFault(declaration));
    } else {
      const message = `the label ${label} is taken by another unit`;
      complaints.push({
        kind: 'duplicate-label',
        place: keyAt,
        key: showPath(path),
        message,
        other: other.place,
      });
    }
  }
}

/** The keys of a unit; undefined where something else stands there. */
function unitTree(at: Place, value: Tree): MapTree | undefined {
  if (value.kind === 'empty') return { kind: 'map', at, entries: new Map() };
  return value.kind === 'map' ? value : undefined;
}

/** In place of what is no unit, so that its label is known: a unit that nothing more is to be said about. */
function standIn(at: Place): MapTree {
  return {
    kind: 'map',
    at,
    entries: new Map([['command', { keyAt: at, value: { kind: 'text', at, text: 'true' } }]]),
  };
}

function labelFault({ label, place }: Declaration): readonly Complaint[] {
  const parsed = parseLabel(label);
  if (parsed.ok) return [];
  return [{ kind: 'bad-value', place, key: showPath(['units', label]), message: parsed.error.message }];
}
