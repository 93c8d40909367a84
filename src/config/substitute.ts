import { nearest } from '../base/nearest.ts';
import type { Complaint } from './complaint.ts';
import { mapTexts, showPath, type TextTree, type Tree, type TreePath } from './tree.ts';

/** What `{name}` stands for. */
export interface Parameters {
  /** The text of a parameter, or undefined where there is none of that name. */
  readonly valueOf: (name: string) => string | undefined;
  /** All names, for the hint. */
  readonly names: () => Iterable<string>;
}

/** Parameters by their names. */
export function parametersOf(values: ReadonlyMap<string, string>): Parameters {
  return { valueOf: (name) => values.get(name), names: () => values.keys() };
}

/** Names that the loader gives a value to itself, for each instance and port. */
export const RESERVED = /^(?:instance|port\..*)$/;

/**
 * The pieces of a text that mean something: `{{`, `}}`, and `{name}` unless it stands behind a `$`, which
 * makes it a variable of a shell. All other braces are braces.
 */
const PIECES = /\{\{|\}\}|(?<!\$)\{([a-z][a-z0-9_.-]*)\}/g;

type Missing = (name: string) => void;

/** `text` as it is meant: parameters put in, doubled braces single. `missing` is told of each name that there is none of. */
export function substitute(text: string, { valueOf }: Parameters, missing: Missing): string {
  return text.replace(PIECES, (piece: string, name: string | undefined) => {
    if (name === undefined) return piece.charAt(0);
    const value = valueOf(name);
    if (value === undefined) missing(name);
    return value ?? piece;
  });
}

/** `text` with parameters put in, but such that `substitute` is still to be called for the reserved ones and the braces. */
function putInText(text: string, { valueOf }: Parameters, missing: Missing): string {
  return text.replace(PIECES, (piece: string, name: string | undefined) => {
    if (name === undefined || RESERVED.test(name)) return piece;
    const value = valueOf(name);
    if (value === undefined) missing(name);
    return value === undefined ? piece : escapeBraces(value);
  });
}

/** A text that `substitute` makes into `text`. */
export function escapeBraces(text: string): string {
  return text.replace(/[{}]/g, '$&$&');
}

type Verbatim = (path: TreePath) => boolean;

/** `substitute` for all texts of a tree but those that `isVerbatim` names by their path. Keys stay as they are. */
export function substituteAll<T extends Tree>(
  tree: T,
  parameters: Parameters,
  isVerbatim: Verbatim,
  prefix: TreePath,
  complaints: Complaint[],
): T {
  return changeAll(substitute, tree, parameters, isVerbatim, prefix, complaints);
}

/** Puts in parameters everywhere but there, such that `substituteAll` is still to be called for the reserved ones and the braces. */
export function putIn<T extends Tree>(
  tree: T,
  parameters: Parameters,
  isVerbatim: Verbatim,
  prefix: TreePath,
  complaints: Complaint[],
): T {
  return changeAll(putInText, tree, parameters, isVerbatim, prefix, complaints);
}

function changeAll<T extends Tree>(
  change: typeof substitute,
  tree: T,
  parameters: Parameters,
  isVerbatim: Verbatim,
  prefix: TreePath,
  complaints: Complaint[],
): T {
  return mapTexts(tree, (part, path) => {
    if (!/[{}]/.test(part.text) || isVerbatim(path)) return part.text;
    return change(part.text, parameters, (name) => {
      complaints.push(missingParameter(name, part, [...prefix, ...path], parameters));
    });
  });
}

/** The complaint about a reference to a parameter that there is not. */
export function missingParameter(
  name: string,
  { at }: TextTree,
  path: TreePath,
  { names }: Parameters,
): Complaint {
  const meant = nearest(name, names());
  return {
    kind: 'missing-parameter',
    place: at,
    key: showPath(path),
    message: `there is no parameter ${name}; write {{${name}}} for a text in braces`,
    ...(meant === undefined ? {} : { nearest: meant }),
  };
}
