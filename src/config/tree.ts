import { show } from '../base/show.ts';
import type { Place } from './place.ts';

/**
 * A value of a configuration file with the places of all its parts, so that whatever is found wrong with
 * it later can be shown where it stands, also after merge keys, `defaults` and parameters have moved it.
 *
 * Scalars are texts as they were written: `1.0`, `022` and `yes` reach a command unchanged, and the key that
 * wants a number reads it. What is written as nothing, `~` or `null` is `empty`.
 *
 * Trees are immutable and may share parts (an anchor and its aliases are one tree).
 */
export type Tree = TextTree | EmptyTree | ListTree | MapTree;

export interface TextTree {
  readonly kind: 'text';
  readonly at: Place;
  readonly text: string;
}

export interface EmptyTree {
  readonly kind: 'empty';
  readonly at: Place;
}

export interface ListTree {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly Tree[];
}

export interface MapTree {
  readonly kind: 'map';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly keyAt: Place;
  readonly value: Tree;
}

/** The steps from a tree to a part of it. */
export type TreePath = readonly (string | number)[];

/** What stands there, in a message. */
export function describeTree(tree: Tree): string {
  switch (tree.kind) {
    case 'text':
      return show(tree.text);
    case 'empty':
      return 'nothing';
    case 'list':
      return 'a list';
    case 'map':
      return 'a mapping';
  }
}

/** The part at the end of the path, or undefined where it ends before. */
export function partAt(tree: Tree, path: TreePath): Tree | undefined {
  let part: Tree | undefined = tree;
  for (const step of path) part = part === undefined ? undefined : childOf(part, step);
  return part;
}

/** Where the last step of the path stands as a key; the part itself in a list; as far as the path can be followed. */
export function placeOf(tree: Tree, path: TreePath): Place {
  let part = tree;
  let place = tree.at;
  for (const step of path) {
    const child = childOf(part, step);
    if (child === undefined) break;
    place = (part.kind === 'map' ? part.entries.get(String(step))?.keyAt : undefined) ?? child.at;
    part = child;
  }
  return place;
}

function childOf(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(step))?.value;
  return tree.kind === 'list' && typeof step === 'number' ? tree.items[step] : undefined;
}

/** A path as people write it: `units.web.stop.timeout`, `include[0]`. */
export function showPath(path: TreePath): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join('');
}

/** The tree with each text changed, by its path. */
export function mapTexts<T extends Tree>(tree: T, change: (part: TextTree, path: TreePath) => string): T {
  const walk = (part: Tree, path: TreePath): Tree => {
    switch (part.kind) {
      case 'empty':
        return part;
      case 'text': {
        const text = change(part, path);
        return text === part.text ? part : { ...part, text };
      }
      case 'list':
        return { ...part, items: part.items.map((item, index) => walk(item, [...path, index])) };
      case 'map': {
        const entries = [...part.entries].map(([key, { keyAt, value }]): [string, Entry] => [
          key,
          { keyAt, value: walk(value, [...path, key]) },
        ]);
        return { ...part, entries: new Map(entries) };
      }
    }
  };
  /* Each part keeps its kind. */
  return walk(tree, []) as T;
}

/** The value as plain data for the schema: texts, arrays and objects. A key whose value is empty is as good as absent. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'text':
      return tree.text;
    case 'empty':
      return null;
    case 'list':
      return tree.items.map(plain);
    case 'map': {
      const entries = [...tree.entries].filter(([, { value }]) => value.kind !== 'empty');
      return Object.fromEntries(entries.map(([key, { value }]) => [key, plain(value)]));
    }
  }
}
