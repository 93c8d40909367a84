import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { Alias, CST, Document, Pair, ParsedNode, Scalar, YAMLError, YAMLMap, YAMLSeq } from 'yaml';
import { show } from '../base/show.ts';
import type { Complaint, ComplaintKind } from './complaint.ts';
import type { Place } from './place.ts';
import { showPath, type Entry, type MapTree, type Tree, type TreePath } from './tree.ts';

/** More values than any configuration has; aliases of aliases would make any number out of a few lines. */
const MAX_VALUES = 1_000_000;
/** More levels than any key has; a text of opening brackets would end the stack of whoever follows it. */
const MAX_DEPTH = 64;

/** What a text was read as. Where there are complaints the tree holds what could be made out. */
export interface ParsedYaml {
  /** Undefined where there is nothing, or nothing could be made out. */
  readonly tree: Tree | undefined;
  readonly complaints: readonly Complaint[];
}

type Locate = (offset: number) => Place;

/** Reads a text as one document of YAML 1.2 with anchors, aliases and merge keys. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const locate: Locate = (offset) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const tooDeep = tokens.map(offsetBelow).find((offset) => offset !== undefined);
  if (tooDeep !== undefined) {
    const message = `there are more than ${MAX_DEPTH} levels`;
    return { tree: undefined, complaints: [{ kind: 'limit', place: locate(tooDeep), key: '', message }] };
  }
  /* All scalars stay as they are written, who wants a number reads one; of keys that stand twice both places are to be named. */
  const composer = new Composer({ version: '1.2', schema: 'failsafe', uniqueKeys: false });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) return { tree: undefined, complaints: [] };
  const faults = [...document.errors, ...document.warnings].map((fault) => faultOf(fault, locate));
  if (second !== undefined) {
    const message = 'a second document begins here: a file holds one';
    faults.push({ kind: 'yaml', place: locate(second.range[0]), key: '', message });
  }
  return document.errors.length > 0
    ? { tree: undefined, complaints: faults }
    : build(document, locate, faults);
}

function build(document: Document.Parsed, locate: Locate, faults: readonly Complaint[]): ParsedYaml {
  if (document.contents === null) return { tree: undefined, complaints: faults };
  const builder = new TreeBuilder(locate);
  const tree = builder.build(document.contents, []);
  return { tree, complaints: [...faults, ...builder.complaints] };
}

function faultOf(fault: YAMLError, locate: Locate): Complaint {
  const message = fault.message.replace(/\s+/g, ' ').replace(/\.$/, '');
  return { kind: 'yaml', place: locate(fault.pos[0]), key: '', message };
}

/** Where a token begins that lies deeper than is allowed. Goes down without a stack, which is the point of it. */
function offsetBelow(token: CST.Token): number | undefined {
  const open: (readonly [token: CST.Token, depth: number])[] = [[token, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [inside, depth] = next;
    if (depth > MAX_DEPTH) return inside.offset;
    if (inside.type === 'document' && inside.value !== undefined) open.push([inside.value, depth]);
    if (!('items' in inside)) continue;
    for (const { key, value } of inside.items) {
      if (key !== undefined && key !== null) open.push([key, depth + 1]);
      if (value !== undefined) open.push([value, depth + 1]);
    }
  }
  return undefined;
}

/** Whether a text that stands there without quotes is nothing, by YAML's core schema. */
export function isEmptyWord(text: string): boolean {
  return /^(?:~|null|Null|NULL)?$/.test(text);
}

/** How much a tree is when everything shared in it is counted each time. */
interface Extent {
  readonly values: number;
  readonly depth: number;
}

class TreeBuilder {
  readonly complaints: Complaint[] = [];
  readonly #locate: Locate;
  /** Undefined while the anchor's own value is being read. */
  readonly #anchors = new Map<string, Tree | undefined>();
  readonly #extents = new Map<Tree, Extent>();

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  build(node: ParsedNode, path: TreePath): Tree {
    const anchor = isAlias(node) ? undefined : node.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const tree = this.#bounded(this.#buildAny(node, path), path);
    if (anchor !== undefined) this.#anchors.set(anchor, tree);
    return tree;
  }

  #buildAny(node: ParsedNode, path: TreePath): Tree {
    const at = this.#locate(node.range[0]);
    if (isScalar(node)) return this.#scalar(node, at, path);
    if (isAlias(node)) return this.#alias(node, at, path);
    if (isMap(node)) return this.#map(node, at, path);
    if (!isSeq(node)) return { kind: 'empty', at };
    const { items } = node as YAMLSeq<ParsedNode>;
    return { kind: 'list', at, items: items.map((item, index) => this.build(item, [...path, index])) };
  }

  /** The tree, or nothing in its place where it is too much with all that is shared in it. */
  #bounded(tree: Tree, path: TreePath): Tree {
    if (this.#extents.has(tree)) return tree;
    const parts =
      tree.kind === 'list'
        ? tree.items
        : tree.kind === 'map'
          ? [...tree.entries.values()].map(({ value }) => value)
          : [];
    let [values, depth] = [1, 0];
    for (const part of parts) {
      const extent = this.#extents.get(part) ?? { values: 1, depth: 0 };
      values += extent.values;
      depth = Math.max(depth, extent.depth + 1);
    }
    if (values <= MAX_VALUES && depth <= MAX_DEPTH) {
      this.#extents.set(tree, { values, depth });
      return tree;
    }
    const bound = values > MAX_VALUES ? `${MAX_VALUES} values` : `${MAX_DEPTH} levels`;
    this.#complain('limit', tree.at, path, `with its aliases there are more than ${bound}`);
    return { kind: 'empty', at: tree.at };
  }

  #scalar(node: Scalar, at: Place, path: TreePath): Tree {
    const text = String(node.value);
    if (node.type === 'PLAIN' && isEmptyWord(text)) return { kind: 'empty', at };
    if (text.includes('\0')) {
      this.#complain('bad-value', at, path, 'a text cannot hold a NUL');
      return { kind: 'empty', at };
    }
    return { kind: 'text', at, text };
  }

  /** What an anchor stands for: the tree itself, shared. */
  #alias(node: Alias, at: Place, path: TreePath): Tree {
    const tree = this.#anchors.get(node.source);
    if (tree !== undefined) return tree;
    const name = show(node.source);
    const isOpen = this.#anchors.has(node.source);
    this.#complain(
      'yaml',
      at,
      path,
      isOpen ? `the anchor ${name} would hold itself` : `there is no anchor ${name} above`,
    );
    return { kind: 'empty', at };
  }

  #map(node: YAMLMap<ParsedNode, ParsedNode | null>, at: Place, path: TreePath): MapTree {
    const entries = new Map<string, Entry>();
    const merged: MapTree[] = [];
    for (const pair of node.items) {
      const key = this.#key(pair, path);
      if (key === undefined) continue;
      const keyAt = this.#locate(pair.key.range[0]);
      const inside = [...path, key];
      const value: Tree = pair.value === null ? { kind: 'empty', at: keyAt } : this.build(pair.value, inside);
      if (isMergeKey(pair.key)) {
        merged.push(...this.#sources(value, inside));
        continue;
      }
      const earlier = entries.get(key);
      if (earlier === undefined) entries.set(key, { keyAt, value });
      else {
        const message = 'this key stands here twice';
        this.complaints.push({
          kind: 'duplicate-key',
          place: keyAt,
          key: showPath(inside),
          message,
          other: earlier.keyAt,
        });
      }
    }
    /* Own keys win, then the earlier source (yaml.org/type/merge.html). */
    for (const source of merged) {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    }
    return { kind: 'map', at, entries };
  }

  #key(pair: Pair<ParsedNode, ParsedNode | null>, path: TreePath): string | undefined {
    if (isScalar(pair.key)) return String(pair.key.value);
    this.#complain('yaml', this.#locate(pair.key.range[0]), path, 'a key must be a plain text');
    return undefined;
  }

  /** The mappings that a merge key brings in. */
  #sources(value: Tree, path: TreePath): readonly MapTree[] {
    const parts = value.kind === 'list' ? value.items : [value];
    return parts.flatMap((part) => {
      if (part.kind === 'map') return [part];
      this.#complain('bad-value', part.at, path, 'a merge key takes a mapping, or a list of them');
      return [];
    });
  }

  #complain(kind: ComplaintKind, place: Place, path: TreePath, message: string): void {
    this.complaints.push({ kind, place, key: showPath(path), message });
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}
