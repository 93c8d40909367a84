import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, isGlob } from '../../src/base/glob.ts';
import { expectRefusal, valueOf } from './results.ts';

function matches(glob: string, label: string): boolean {
  return valueOf(compileGlob(glob)).matches(label);
}

/** A glob as a tree, so that a random one is well-formed and can be matched in the most naive way. */
type Node =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly characters: string; readonly isNegated: boolean }
  | { readonly kind: 'either'; readonly choices: readonly (readonly Node[])[] };

function textOfNodes(nodes: readonly Node[]): string {
  return nodes.map(textOfNode).join('');
}

function textOfNode(node: Node): string {
  switch (node.kind) {
    case 'literal':
      return node.text;
    case 'star':
      return '*';
    case 'any':
      return '?';
    case 'set':
      return `[${node.isNegated ? '!' : ''}${node.characters}]`;
    case 'either':
      return `{${node.choices.map(textOfNodes).join(',')}}`;
  }
}

/** Backtracks over every possibility. */
function oracle(nodes: readonly Node[], label: string): boolean {
  const [first, ...rest] = nodes;
  if (first === undefined) return label === '';
  switch (first.kind) {
    case 'literal':
      return label.startsWith(first.text) && oracle(rest, label.slice(first.text.length));
    case 'star':
      return oracle(rest, label) || (label !== '' && oracle(nodes, label.slice(1)));
    case 'any':
      return label !== '' && oracle(rest, label.slice(1));
    case 'set':
      return (
        label !== '' &&
        first.characters.includes(label.charAt(0)) !== first.isNegated &&
        oracle(rest, label.slice(1))
      );
    case 'either':
      return first.choices.some((choice) => oracle([...choice, ...rest], label));
  }
}

const { nodes: nodesArbitrary } = fc.letrec<{ node: Node; nodes: Node[] }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.stringMatching(/^[ab/]{1,2}$/).map((text): Node => ({ kind: 'literal', text })),
    fc.constant<Node>({ kind: 'star' }),
    fc.constant<Node>({ kind: 'any' }),
    fc
      .record({ characters: fc.stringMatching(/^[ab/]{1,3}$/), isNegated: fc.boolean() })
      .map((set): Node => ({ kind: 'set', ...set })),
    fc
      .array(tie('nodes'), { minLength: 1, maxLength: 3 })
      .map((choices): Node => ({ kind: 'either', choices })),
  ),
  nodes: fc.array(tie('node'), { maxLength: 4 }),
}));

describe('a glob matches', () => {
  test.each([
    ['web', 'web'],
    ['*', ''],
    ['*', 'github.com/relab/goxos'],
    ['web*', 'web'],
    ['web*', 'web/1/a'],
    ['*b', 'web'],
    ['w*b', 'wb'],
    ['**b**', 'web'],
    ['w?b', 'web'],
    ['?', '/'],
    ['{web,db}*', 'db-2'],
    ['{a,b{c,d}}e', 'bde'],
    ['{a,}x', 'x'],
    ['{}x', 'x'],
    ['{a}', 'a'],
    ['x{a,b}{c,d}y', 'xbcy'],
    ['{*,x}y', 'aaay'],
    ['[abc]', 'b'],
    ['[a-c]', 'c'],
    ['[!a-c]', 'd'],
    ['[^a-c]', 'd'],
    ['[]]', ']'],
    ['[!]]', 'a'],
    ['[a-]', '-'],
    ['[-a]', '-'],
    ['[*]', '*'],
    ['{[,],a}', ','],
    ['[{]', '{'],
    ['a}', 'a}'],
    ['a,b*', 'a,b'],
    ['\\*', '\\x'],
  ])('%s: %j', (glob, label) => {
    expect(matches(glob, label)).toBe(true);
  });

  test.each([
    ['web', 'webs'],
    ['web', 'we'],
    ['web*', 'we'],
    ['*b', 'webs'],
    ['w?b', 'wb'],
    ['?', ''],
    ['{web,db}*', 'cache'],
    ['{a,b}', 'ab'],
    ['[abc]', 'd'],
    ['[abc]', ''],
    ['[!a-c]', 'b'],
    ['[*]', 'a'],
    ['Web*', 'web'],
    ['w.b', 'web'],
  ])('not %s: %j', (glob, label) => {
    expect(matches(glob, label)).toBe(false);
  });

  test('what the most naive matcher matches', () => {
    const label = fc.stringMatching(/^[ab/]{0,6}$/);
    fc.assert(
      fc.property(nodesArbitrary, label, (nodes, text) => {
        expect(matches(textOfNodes(nodes), text)).toBe(oracle(nodes, text));
      }),
      { numRuns: 3000 },
    );
  });

  test('the same however often and in whatever order it is asked', () => {
    const glob = valueOf(compileGlob('{a*,?b}c'));
    const labels = ['ac', 'xbc', 'bc', 'axxc', ''];
    const once = labels.map((label) => glob.matches(label));
    expect(once).toEqual([true, true, false, true, false]);
    expect(labels.map((label) => glob.matches(label))).toEqual(once);
    expect([...labels].reverse().map((label) => glob.matches(label))).toEqual([...once].reverse());
  });
});

describe('a glob is refused', () => {
  test.each(['{web', 'a{b,c', '{a,{b}', 'x{'])('where { is not closed: %s', (glob) => {
    expectRefusal(
      compileGlob(glob),
      'bad-argument',
      /^unclosed \{ in the glob '.*': a comma ends a field, so put the whole field into double quotes, as in Stop,"\{web,db\}\*"$/,
    );
  });

  test.each(['[', '[]', '[!]', 'web[0-9', '{a,[b}'])('where [ is not closed: %s', (glob) => {
    expectRefusal(compileGlob(glob), 'bad-argument', /^unclosed \[ in the glob .* double quotes/);
  });

  test('where a range is the wrong way round', () => {
    expectRefusal(
      compileGlob('web[z-a]'),
      'bad-argument',
      /^the range z-a in the glob 'web\[z-a\]' is the wrong way round$/,
    );
  });

  test('where it has more than 4,096 characters', () => {
    expect(compileGlob('?'.repeat(4096)).ok).toBe(true);
    expectRefusal(compileGlob('?'.repeat(4097)), 'limit', /is longer than 4096 characters$/);
  });

  test('never by throwing', () => {
    const text = fc
      .array(fc.constantFrom('{', '}', '[', ']', ',', '*', '?', '!', '-', 'a'))
      .map((all) => all.join(''));
    fc.assert(fc.property(fc.oneof(text, fc.string()), (glob) => typeof compileGlob(glob).ok === 'boolean'));
  });
});

describe('matching takes few steps', () => {
  test.each([
    ['many stars', `${'*a'.repeat(60)}b`],
    ['stars in braces', `${'{*a,*a}'.repeat(40)}b`],
    ['many alternatives', `${'{a,aa,aaa}'.repeat(40)}b`],
    ['nested braces', `${'{a,'.repeat(500)}${'}'.repeat(500)}b`],
    ['nothing but stars', `${'*'.repeat(4000)}b`],
  ])('even with %s', (_, glob) => {
    // Tried one after the other, the possibilities are more than could be counted before the test times out.
    expect(matches(glob, 'a'.repeat(255))).toBe(false);
  });
});

test('a glob is told from a plain label by the characters that begin something', () => {
  expect(['*', 'a*', 'w?b', '[a]', '{a,b}', 'x{'].every(isGlob)).toBe(true);
  expect(['', 'web', 'github.com/relab', 'web@1', 'a}', 'a]', 'a,b'].some(isGlob)).toBe(false);
});
