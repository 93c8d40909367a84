import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutTo, renderTable } from '../../../src/archonctl/print/table.ts';

const HEADS = [
  { title: 'LABEL', isLong: true },
  { title: 'PID', isNumber: true },
  { title: 'WHY', isLong: true },
] as const;

describe('a table', () => {
  it('has a line of titles, texts at the left and numbers at the right', () => {
    const rows = [
      ['web', '7', 'because'],
      ['database', '12345', ''],
    ];
    expect(renderTable(HEADS, rows, undefined)).toBe(
      'LABEL       PID  WHY\n' + 'web           7  because\n' + 'database  12345\n',
    );
  });

  it('leaves a column out that is empty in all rows', () => {
    expect(renderTable(HEADS, [['a', '', 'x']], undefined)).toBe('LABEL  WHY\na      x\n');
  });

  it('cuts the widest long column first where it is too wide for the terminal', () => {
    const rows = [['a-rather-long-label', '1', 'a reason of some thirty characters']];
    expect(renderTable(HEADS, rows, 50)).toBe(
      'LABEL                PID  WHY\n' + 'a-rather-long-label    1  a reason of some thirty…\n',
    );
    expect(renderTable(HEADS, rows, 36)).toBe(
      'LABEL           PID  WHY\na-rather-long…    1  a reason of so…\n',
    );
  });

  it('cuts nothing below what can be read, even if it does not fit', () => {
    const rows = [['a-rather-long-label', '1234567', 'a reason of some thirty characters']];
    expect(renderTable(HEADS, rows, 5)).toBe('LABEL         PID  WHY\na-rathe…  1234567  a reaso…\n');
  });

  it('paints cells that have their width already, and titles not', () => {
    const table = renderTable(
      HEADS,
      [['a', '1', 'x']],
      undefined,
      (cell, column, row) => `<${column}${row}${cell}>`,
    );
    expect(table).toBe('LABEL  PID  WHY\n<00a    >  <10  1>  <20x  >\n');
  });

  it('never is wider than the terminal where its columns can be cut so far', () => {
    const cell = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.nat(99_999).map(String), cell)),
        fc.integer({ min: 25, max: 120 }),
        (rows, columns) => {
          const lines = renderTable(HEADS, rows, columns).split('\n');
          for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('cutting', () => {
  it('counts characters, not halves of them', () => {
    expect(cutTo('𝒜𝒷𝒸𝒹', 3)).toBe('𝒜𝒷…');
    expect(cutTo('abc', 3)).toBe('abc');
    expect(cutTo('abc', 0)).toBe('…');
  });
});
