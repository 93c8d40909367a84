import { Document, Scalar } from 'yaml';
import type { Declaration } from './declarations.ts';
import { isEmptyWord } from './parse-yaml.ts';
import { escapeBraces } from './substitute.ts';
import { mapTexts, type ListTree, type MapTree, type Tree, type TreePath } from './tree.ts';

/** What stands beside the units, of all files together; texts as they are meant. */
export interface HeadParts {
  readonly access: ListTree | undefined;
  readonly ports: MapTree | undefined;
  readonly monitor: MapTree | undefined;
  readonly rc: string | undefined;
}

/** What yaml's own classes take for a mapping, a list and a text; a `Map` keeps the order of its keys. */
type Written = Scalar | readonly Written[] | Map<Scalar, Written>;

/**
 * YAML that loads to the same configuration: one file without parameters, defaults, includes and anchors,
 * with absolute paths, every unit with all that holds for it. Each setting of `env` stands in double quotes
 * on a line of its own: `hideSettings` relies on it.
 */
export function dump(head: HeadParts, declarations: Iterable<Declaration>): string {
  const top = new Map<Scalar, Written>([[textOf('version'), textOf('1')]]);
  const put = (key: string, tree: Tree | undefined): void => {
    if (tree !== undefined)
      top.set(
        textOf(key),
        written(
          mapTexts(tree, ({ text }) => escapeBraces(text)),
          [],
        ),
      );
  };
  put('access', head.access);
  put('ports', head.ports);
  put('monitor', head.monitor);
  if (head.rc !== undefined) top.set(textOf('rc'), textOf(escapeBraces(head.rc)));
  const units = new Map([...declarations].map(({ label, tree }) => [textOf(label), written(tree, [])]));
  if (units.size > 0) top.set(textOf('units'), units);
  const document = new Document(top, { schema: 'failsafe', aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity });
}

function written(tree: Tree, path: TreePath): Written {
  switch (tree.kind) {
    case 'empty':
      return textOf('~');
    case 'text': {
      const isSetting = path.length === 2 && path[0] === 'env';
      const scalar = textOf(tree.text);
      /* A block of blank lines alone would lose the blanks in them. */
      const isBlank = tree.text.trim() === '';
      if (isSetting || isBlank || isEmptyWord(tree.text)) scalar.type = Scalar.QUOTE_DOUBLE;
      return scalar;
    }
    case 'list':
      return tree.items.map((item, index) => written(item, [...path, index]));
    case 'map':
      return new Map(
        [...tree.entries].map(([key, { value }]) => [textOf(key), written(value, [...path, key])]),
      );
  }
}

function textOf(text: string): Scalar<string> {
  return new Scalar(text);
}
