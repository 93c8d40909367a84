import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS } from '../../../src/archonctl/top/columns.ts';
import { bodyHeight, listPage, wholeTable, type Look, type Scene } from '../../../src/archonctl/top/frame.ts';
import { helpPage } from '../../../src/archonctl/top/help-page.ts';
import { cutMiddle, GAP, placedIn } from '../../../src/archonctl/top/layout.ts';
import { Painter } from '../../../src/archonctl/top/painter.ts';
import { SORT_KEYS } from '../../../src/archonctl/top/sort.ts';
import { unitPage } from '../../../src/archonctl/top/unit-page.ts';
import { firstView, type View } from '../../../src/archonctl/top/view.ts';
import { downRow, row } from './rows.ts';
import { TerminalScreen } from './terminal-screen.ts';

const LOOK: Look = { columns: 80, rows: 24, isColoured: false, isUtf8: true };
const VIEW = firstView('cpu', false);
const ROWS = [
  row('web', { cpu: 12.3, memory: 52_428_800, restarts: 3, since: 1000, readRate: 2048 }),
  row('github.com/relab/goxos/kvs/kvsd', { cpu: 0.1 }),
  downRow('db', 'failed'),
];

const scene = (more: Partial<Scene> = {}): Scene => ({
  title: 'archon at /run/archon/archon.sock',
  clock: '12:00:00',
  nowMs: 1_125_000,
  all: ROWS,
  rows: ROWS,
  trouble: undefined,
  ...more,
});

function page(look: Look, more: Partial<Scene> = {}, view: View = VIEW): readonly string[] {
  const made = scene(more);
  const longest = Math.max(0, ...made.rows.map(({ label }) => label.length));
  return listPage(made, view, placedIn(look.columns, 'live', view.sort, longest), look);
}

/** A line as it is seen. */
// eslint-disable-next-line no-control-regex -- colours begin with ESC
const plain = (line: string): string => line.replace(/\x1b\[[\d;]*m/g, '');

describe('columns', () => {
  it.for([...'live once'.split(' ')] as ('live' | 'once')[])('fit into any width (%s)', (kind) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 34, max: 300 }),
        fc.constantFrom(...SORT_KEYS),
        fc.nat(255),
        (width, sort, longest) => {
          const placed = placedIn(width, kind, sort, longest);
          const whole = placed.reduce((sum, one) => sum + one.width, GAP * (placed.length - 1));
          expect(whole).toBeLessThanOrEqual(width);
          expect(placed.map(({ column }) => column.name).slice(0, 2)).toEqual(['label', 'state']);
        },
      ),
    );
  });

  it('at 80 are those that an operator looks for first, and every one has room for its title and its mark', () => {
    const names = placedIn(80, 'live', 'cpu', 20).map(({ column }) => column.name);
    expect(names).toEqual('label state cpu memory descriptors threads restarts age'.split(' '));
    expect(placedIn(250, 'live', 'cpu', 20)).toHaveLength(16);
    for (const { title, width, sort } of COLUMNS)
      expect([title, title.length + (sort === undefined ? 0 : 1) <= width]).toEqual([title, true]);
  });

  it('always have that of the order among them, wherever it can be', () => {
    for (const sort of SORT_KEYS)
      expect([sort, placedIn(60, 'live', sort, 40).some(({ column }) => column.sort === sort)]).toEqual([
        sort,
        true,
      ]);
  });
});

describe('a label that is too long', () => {
  it('loses its middle, and keeps most of its end', () => {
    expect(cutMiddle('github.com/relab/goxos/kvs/kvsd', 20, true)).toBe('github.…xos/kvs/kvsd');
    expect(cutMiddle('github.com/relab/goxos/kvs/kvsd', 20, false)).toBe('github.~xos/kvs/kvsd');
    expect(cutMiddle('short', 20, true)).toBe('short');
    expect([cutMiddle('abcdef', 3, true), cutMiddle('abcdef', 0, true)]).toEqual(['abc', '']);
  });
});

describe('the list', () => {
  it('has the totals, titles with a mark, a row for each unit, and the keys', () => {
    expect(page(LOOK)).toEqual([
      'archon at /run/archon/archon.sock                                       12:00:00',
      '3 units: 2 running, 1 failed',
      'cpu 12.4%  memory 51M  read 2K/s  written 0/s  2 processes  2 threads',
      '',
      'LABEL                      STATE     ▾CPU%  MEMORY   FDS  THR  RESTARTS      AGE',
      'web                        running    12.3     50M     4    1         3    2m 5s',
      'github.com…/goxos/kvs/kvsd running     0.1      1M     4    1              2m 5s',
      'db                         failed                                          2m 5s',
      ...new Array<string>(15).fill(''),
      'q quit  ? help  / filter  Enter one unit  c m l s order  R reverse      1-3 of 3',
    ]);
  });

  it('fills any terminal exactly, with colours and marks, and no line is wider than it', () => {
    const size = fc.record({
      columns: fc.integer({ min: 10, max: 250 }),
      rows: fc.integer({ min: 3, max: 60 }),
    });
    fc.assert(
      fc.property(
        size,
        fc.boolean(),
        fc.nat(60),
        fc.constantFrom(...SORT_KEYS),
        (sized, isColoured, count, sort) => {
          const look = { ...LOOK, ...sized, isColoured };
          const rows = Array.from({ length: count }, (_, at) =>
            row(`unit/${'x'.repeat(at)}`, { cpu: at * 1000 }),
          );
          const view = { ...VIEW, sort, selected: 'unit/', filter: count % 3 === 0 ? 'u' : '' };
          const trouble = count % 5 === 0 ? 'the supervisor is gone' : undefined;
          const lines = page(look, { all: rows, rows, trouble }, view);
          expect(lines).toHaveLength(look.rows);
          const all = [...lines, ...unitPage(scene({ trouble }), 'web', undefined, look), ...helpPage(look)];
          const widest = Math.max(...all.map((one) => plain(one).length));
          expect(widest).toBeLessThanOrEqual(look.columns);
          expect(helpPage(look)).toHaveLength(look.rows);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('shows the part that the view has come to, and where that is', () => {
    const rows = Array.from({ length: 5000 }, (_, at) => row(`u${at}`));
    const lines = page(LOOK, { all: rows, rows }, { ...VIEW, first: 4000, selected: 'u4001' });
    expect(bodyHeight(24)).toBe(18);
    expect(lines[5]).toMatch(/^u4000 /);
    expect(lines[6]).toMatch(/^>4001 /);
    expect(lines.at(-1)).toMatch(/4001-4018 of 5000$/);
  });

  it('says what is wrong, what is filtered, and what is hidden', () => {
    const note = (more: Partial<Scene>, view: Partial<View> = {}) =>
      page(LOOK, more, { ...VIEW, ...view })[3];
    expect(note({ trouble: 'the supervisor is gone' }, { filter: 'x' })).toBe('the supervisor is gone');
    expect(note({}, { filter: 'we', isTyping: true })).toBe('filter: we_');
    expect(note({ rows: ROWS.slice(0, 1) }, { filter: 'we' })).toBe(
      'filter: we  (1 of 3 units; Esc shows all)',
    );
    expect(note({ rows: ROWS.slice(0, 2) }, { isDownHidden: true })).toBe(
      '1 that are down are hidden; d shows them',
    );
  });

  it('colours states, and the marked row as a whole', () => {
    const lines = page({ ...LOOK, isColoured: true }, {}, { ...VIEW, selected: 'web' });
    expect(lines[1]).toBe('3 units: \x1b[32m2 running\x1b[0m\x1b[31m, 1 failed\x1b[0m');
    expect(lines[5]).toMatch(/^\x1b\[7mweb .*\x1b\[0m$/); // eslint-disable-line no-control-regex -- colours begin with ESC
    expect(lines[7]).toContain('\x1b[31mfailed  \x1b[0m');
  });
});

describe('a single look', () => {
  it('is a table with all columns where it is no terminal, with sums in the place of rates', () => {
    const table = wholeTable(scene(), 'once', 'cpu', { ...LOOK, columns: Infinity });
    const lines = table.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '3 units: 2 running, 1 failed',
      'cpu 12.4%  memory 51M  read 0  written 0  2 processes  2 threads  8 descriptors',
      '',
    ]);
    expect(lines[3]?.split(/ +/)).toEqual(
      'LABEL STATE PID CPU% MAX% MEMORY MAXMEM FDS THR PROC READ WRITTEN RESTARTS AGE LAST EXIT'.split(' '),
    );
    expect(lines).toHaveLength(8);
  });
});

describe('the page of one unit', () => {
  const samples = Array.from({ length: 360 }, (_, at) => ({
    at: 1000 + at * 10,
    cpu: at < 180 ? 10 : 80,
    memory: 1024,
    descriptors: 4,
    threads: 1,
    read: 0,
    written: undefined,
  }));

  it('has what is known of it, and charts of what it has used', () => {
    const lines = unitPage(scene(), 'web', { label: 'web', samples }, LOOK);
    expect(lines.slice(1, 6)).toEqual([
      'web',
      'running for 2m 5s, pid 100, 3 restarts',
      'cpu 12.3%, memory 50M, 1 process, 1 thread, 4 descriptors',
      '',
      'cpu 80.0%, at most 80.0% in the last 59m 50s',
    ]);
    expect(lines).toHaveLength(24);
    expect(lines[6]).toMatch(/^ {37,38}█{36,38} 80\.0%$/);
    /* Nothing was read, so there is nothing to be drawn of that. */
    expect(lines.join('\n')).not.toMatch(/^(?:read|written)/m);
    expect(lines.join('\n')).toContain('memory 1K, at most 1K');
  });

  it('says that nothing is known, that it is of another unit, and that it is gone', () => {
    const of = (label: string, past: Parameters<typeof unitPage>[2]) =>
      unitPage(scene(), label, past, LOOK).join('\n');
    expect(of('web', { label: 'web', samples: [] })).toContain('nothing is known yet');
    expect(of('web', { label: 'db', samples })).not.toContain('at most');
    expect(of('db', undefined)).toContain('it has no process');
    expect(of('nosuch', undefined)).toContain('there is no such unit any more');
  });
});

describe('a painter', () => {
  it('writes what has changed, so that the screen is always what was painted last', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '▂'), maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 6 }), (frames) => {
        const screen = new TerminalScreen(8, 20);
        const painter = new Painter((text) => {
          screen.write(text);
        });
        painter.enter();
        for (const frame of frames) {
          painter.paint(frame);
          const blank = new Array<string>(8 - frame.length).fill('');
          expect(screen.lines).toEqual([...frame.map((one) => one.trimEnd()), ...blank]);
        }
      }),
    );
  });

  it('writes nothing where nothing has changed, and all again when it was told to forget', () => {
    const written: string[] = [];
    const painter = new Painter((text) => written.push(text));
    painter.paint(['before it has the screen']);
    painter.enter();
    painter.paint(['one', 'two']);
    painter.paint(['one', 'two']);
    expect(written).toHaveLength(2);
    painter.paint(['one', 'three']);
    expect(written.at(-1)).toBe('\x1b[2;1H\x1b[Kthree');
    painter.forget();
    painter.paint(['one', 'three']);
    expect(written.at(-1)).toContain('one');
  });

  it('takes another screen and gives the first one back, once', () => {
    const screen = new TerminalScreen(4, 10);
    const painter = new Painter((text) => screen.write(text));
    painter.enter();
    expect([screen.isOther, screen.isCursorShown, screen.doesWrap]).toEqual([true, false, false]);
    painter.leave();
    expect([screen.isOther, screen.isCursorShown, screen.doesWrap]).toEqual([false, true, true]);
    let isWritten = false;
    const idle = new Painter(() => (isWritten = true));
    idle.leave();
    expect(isWritten).toBe(false);
  });
});
