import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyReader, type Key } from '../../../src/archonctl/top/keys.ts';
import { firstView, press, scrolled, type Shown, type View } from '../../../src/archonctl/top/view.ts';

const keysOf = (text: string, reader = new KeyReader()): readonly Key[] =>
  reader.take(Buffer.from(text, 'latin1'));
const kinds = (text: string): string[] => keysOf(text).map(({ kind }) => kind);

describe('what a terminal sends', () => {
  it('are keys', () => {
    expect(keysOf('q/')).toEqual([
      { kind: 'character', text: 'q' },
      { kind: 'character', text: '/' },
    ]);
    expect(kinds('\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~\r\n\x7f\b\x15\x0c')).toEqual([
      'up',
      'down',
      'page-up',
      'page-down',
      'home',
      'end',
      'enter',
      'enter',
      'backspace',
      'backspace',
      'clear-line',
      'redraw',
    ]);
    expect(kinds('\x1b[1;5A\x1b[200~\xe4\x01')).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('may come in pieces', () => {
    const reader = new KeyReader();
    expect(keysOf('a\x1b', reader)).toEqual([{ kind: 'character', text: 'a' }]);
    expect(reader.isWaiting).toBe(true);
    expect(keysOf('[5', reader)).toEqual([]);
    expect(keysOf('~b', reader)).toEqual([{ kind: 'page-up' }, { kind: 'character', text: 'b' }]);
    expect(reader.isWaiting).toBe(false);
  });

  it('may be the key ESC alone, when nothing follows it', () => {
    const reader = new KeyReader();
    expect(keysOf('\x1b', reader)).toEqual([]);
    expect(reader.flush()).toEqual([{ kind: 'escape' }]);
    expect([reader.flush(), reader.isWaiting]).toEqual([[], false]);
    expect(kinds('\x1bx')).toEqual(['escape', 'character']);
  });

  it('may be anything: all of it is taken, and nothing waits but a beginning', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }), (pieces) => {
        const reader = new KeyReader();
        for (const piece of pieces) reader.take(piece);
        if (reader.isWaiting) expect(reader.flush()).toEqual([{ kind: 'escape' }]);
        expect(keysOf('q', reader)).toEqual([{ kind: 'character', text: 'q' }]);
      }),
    );
  });
});

const SHOWN: Shown = {
  labels: Array.from({ length: 50 }, (_, at) => `u${at}`),
  height: 10,
  orders: ['label', 'state', 'cpu', 'memory'],
};

/** The view after keys, as a terminal sends them. */
function after(text: string, view: View = firstView('cpu', false)): View {
  return keysOf(text).reduce((now, key) => press(now, key, SHOWN).view, view);
}
const does = (text: string, view: View): string | undefined => {
  const [key] = keysOf(text);
  return key === undefined ? undefined : press(view, key, SHOWN).does;
};
const FIRST = firstView('cpu', false);
const ESCAPE: Key = { kind: 'escape' };

describe('keys upon the list', () => {
  it('choose an order, turn it round, and go to the columns beside it', () => {
    expect(after('m')).toMatchObject({ sort: 'memory', isReversed: false });
    expect(after('mR')).toMatchObject({ sort: 'memory', isReversed: true });
    expect(after('mRc')).toMatchObject({ sort: 'cpu', isReversed: false });
    expect([after('>').sort, after('<').sort, after('>>').sort]).toEqual(['memory', 'state', 'label']);
  });

  it('mark units, and what is shown follows', () => {
    expect(after('j')).toMatchObject({ selected: 'u0', first: 0 });
    expect(after('\x1b[B\x1b[B\x1b[A')).toMatchObject({ selected: 'u0' });
    expect(after('G')).toMatchObject({ selected: 'u49', first: 40 });
    expect(after('Gk')).toMatchObject({ selected: 'u48', first: 40 });
    expect(after('Gg')).toMatchObject({ selected: 'u0', first: 0 });
    expect(after('j\x1b[6~\x1b[6~')).toMatchObject({ selected: 'u18', first: 9 });
    expect(after('j\x1b[5~')).toMatchObject({ selected: 'u0' });
  });

  it('filter while they are typed, letters of orders too, until Enter or ESC', () => {
    expect(after('/mq')).toMatchObject({ filter: 'mq', isTyping: true, sort: 'cpu' });
    expect(after('/mq\x7f')).toMatchObject({ filter: 'm', isTyping: true });
    expect(after('/\x7f')).toMatchObject({ filter: '', isTyping: false });
    expect(after('/ab\x15')).toMatchObject({ filter: '', isTyping: true });
    const kept = after('/mq\n');
    expect(kept).toMatchObject({ filter: 'mq', isTyping: false });
    expect(press(kept, ESCAPE, SHOWN).view.filter).toBe('');
    expect(press(after('/mq'), ESCAPE, SHOWN).view).toMatchObject({ filter: '', isTyping: false });
  });

  it('open the marked unit, or the first one, and ESC leads back', () => {
    expect(after('jj\n')).toMatchObject({ page: 'unit', selected: 'u1' });
    expect(after('\n')).toMatchObject({ page: 'unit', selected: 'u0' });
    expect(press(after('\n'), ESCAPE, SHOWN).view).toMatchObject({ page: 'list', selected: 'u0' });
    expect(after('?').page).toBe('help');
    expect(after('?\n').page).toBe('list');
    expect(press(FIRST, { kind: 'enter' }, { ...SHOWN, labels: [] }).view.page).toBe('list');
  });

  it('end it, look at once, and draw anew', () => {
    expect([does('q', FIRST), does('q', after('\n')), does(' ', FIRST)]).toEqual(['quit', 'quit', 'ask']);
    expect([does('\n', FIRST), does('\x0c', FIRST), does('q', after('/'))]).toEqual([
      'ask',
      'redraw',
      undefined,
    ]);
  });

  it('never lead to a place that is not there', () => {
    const key = fc.constantFrom(
      'j',
      'k',
      'G',
      'g',
      '\x1b[6~',
      '\x1b[5~',
      'm',
      '/',
      'a',
      '\n',
      'd',
      '?',
      '<',
      '\x7f',
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), fc.nat(60), (typed, count) => {
        const shown = { ...SHOWN, labels: SHOWN.labels.slice(0, count) };
        let view = FIRST;
        for (const one of typed.flatMap((text) => keysOf(text))) {
          view = scrolled(press(view, one, shown).view, shown.labels, shown.height);
          expect(view.first).toBeGreaterThanOrEqual(0);
          expect(view.first).toBeLessThanOrEqual(Math.max(0, shown.labels.length - shown.height));
        }
      }),
    );
  });
});
