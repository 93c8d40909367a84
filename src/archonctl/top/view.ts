import type { Key } from './keys.ts';
import { SORT_KEYS, type SortKey } from './sort.ts';

/** What a person has chosen to see. */
export interface View {
  readonly page: 'list' | 'unit' | 'help';
  readonly sort: SortKey;
  readonly isReversed: boolean;
  /** A part of labels, or a glob. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly isTyping: boolean;
  readonly isDownHidden: boolean;
  /** The label of the unit that is marked, or looked at. */
  readonly selected: string | undefined;
  /** How many rows are above the first one that is shown. */
  readonly first: number;
}

/** What a key is pressed upon. */
export interface Shown {
  /** All that the filter leaves, in their order. */
  readonly labels: readonly string[];
  /** How many of them are shown at once. */
  readonly height: number;
  /** The orders of the columns that are shown, from the left. */
  readonly orders: readonly SortKey[];
}

/** What a key leads to: another view, and what is to be done. */
export interface Pressed {
  readonly view: View;
  readonly does?: 'quit' | 'ask' | 'redraw';
}

/** Orders by the keys that choose them. */
export const ORDER_KEYS: Readonly<Record<string, SortKey>> = {
  c: 'cpu',
  P: 'cpu',
  m: 'memory',
  M: 'memory',
  l: 'label',
  s: 'state',
  f: 'descriptors',
  t: 'threads',
  n: 'processes',
  r: 'read',
  w: 'written',
  x: 'restarts',
  a: 'age',
  p: 'pid',
};

/** The view that `top` begins with. */
export function firstView(sort: SortKey, isReversed: boolean): View {
  return {
    page: 'list',
    sort,
    isReversed,
    filter: '',
    isTyping: false,
    isDownHidden: false,
    selected: undefined,
    first: 0,
  };
}

/** What pressing a key does. */
export function press(view: View, key: Key, shown: Shown): Pressed {
  if (key.kind === 'redraw') return { view, does: 'redraw' };
  if (view.isTyping) return { view: typed(view, key, shown) };
  if (view.page !== 'list') return pressBeside(view, key);
  if (key.kind === 'character') return pressLetter(view, key.text, shown);
  if (key.kind === 'enter') {
    const selected = view.selected ?? shown.labels[view.first];
    return selected === undefined ? { view } : { view: { ...view, page: 'unit', selected }, does: 'ask' };
  }
  if (key.kind === 'escape') {
    if (view.selected !== undefined) return { view: { ...view, selected: undefined, first: 0 } };
    return { view: { ...view, filter: '', first: 0 } };
  }
  return { view: moved(view, key, shown) };
}

/** On the other pages there is little to do but to leave them. */
function pressBeside(view: View, key: Key): Pressed {
  if (key.kind === 'character' && key.text === ' ') return { view, does: 'ask' };
  if (key.kind === 'character' && key.text === 'q' && view.page === 'unit') return { view, does: 'quit' };
  if (view.page === 'help' || ['escape', 'left', 'enter', 'backspace'].includes(key.kind))
    return { view: { ...view, page: 'list' } };
  return { view };
}

function pressLetter(view: View, letter: string, shown: Shown): Pressed {
  const order = ORDER_KEYS[letter];
  if (order !== undefined) return { view: { ...view, sort: order, isReversed: false, first: 0 } };
  switch (letter) {
    case 'q':
      return { view, does: 'quit' };
    case ' ':
      return { view, does: 'ask' };
    case '/':
      return { view: { ...view, isTyping: true } };
    case 'R':
      return { view: { ...view, isReversed: !view.isReversed, first: 0 } };
    case 'd':
      return { view: { ...view, isDownHidden: !view.isDownHidden } };
    case 'h':
    case '?':
      return { view: { ...view, page: 'help' } };
    case '<':
    case '>':
      return { view: { ...view, sort: besides(view.sort, letter === '<' ? -1 : 1, shown), first: 0 } };
    case 'j':
      return { view: moved(view, { kind: 'down' }, shown) };
    case 'k':
      return { view: moved(view, { kind: 'up' }, shown) };
    case 'g':
      return { view: moved(view, { kind: 'home' }, shown) };
    case 'G':
      return { view: moved(view, { kind: 'end' }, shown) };
    default:
      return { view };
  }
}

/** The order of the next column at that side. */
function besides(sort: SortKey, step: number, { orders }: Shown): SortKey {
  const from = orders.length > 0 ? orders : SORT_KEYS;
  return from[(from.indexOf(sort) + step + from.length) % from.length] ?? sort;
}

function typed(view: View, key: Key, shown: Shown): View {
  const { filter } = view;
  if (key.kind === 'character') return { ...view, filter: filter + key.text, first: 0, selected: undefined };
  if (key.kind === 'backspace' && filter === '') return { ...view, isTyping: false };
  if (key.kind === 'backspace') return { ...view, filter: filter.slice(0, -1), first: 0 };
  if (key.kind === 'clear-line') return { ...view, filter: '', first: 0 };
  if (key.kind === 'enter') return { ...view, isTyping: false };
  if (key.kind === 'escape') return { ...view, isTyping: false, filter: '', first: 0 };
  return moved(view, key, shown);
}

function moved(view: View, key: Key, { labels, height }: Shown): View {
  const last = labels.length - 1;
  if (last < 0) return view;
  const at = view.selected === undefined ? -1 : labels.indexOf(view.selected);
  const page = Math.max(1, height - 1);
  const targets: Partial<Record<Key['kind'], number>> = {
    up: at - 1,
    down: at + 1,
    'page-up': at - page,
    'page-down': at + page,
    home: 0,
    end: last,
  };
  const target = targets[key.kind];
  if (target === undefined) return view;
  return scrolled({ ...view, selected: labels[Math.min(last, Math.max(0, target))] }, labels, height);
}

/** The view with the marked unit among those that are shown, and no room left empty at the end. */
export function scrolled(view: View, labels: readonly string[], height: number): View {
  const at = view.selected === undefined ? -1 : labels.indexOf(view.selected);
  let { first } = view;
  if (at >= 0) first = Math.min(at, Math.max(first, at - height + 1));
  first = Math.max(0, Math.min(first, labels.length - height));
  return first === view.first ? view : { ...view, first };
}
