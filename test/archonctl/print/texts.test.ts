import { describe, expect, it } from 'vitest';
import { paintState } from '../../../src/archonctl/print/colour.ts';
import { printable } from '../../../src/archonctl/print/printable.ts';
import { ageOf, localTime } from '../../../src/archonctl/print/time.ts';
import { treeText, type ProcessRow } from '../../../src/archonctl/print/tree.ts';
import { unitJson, unitRow, unitTable } from '../../../src/archonctl/print/unit.ts';
import { UNIT_STATES } from '../../../src/base/vocabulary.ts';
import { fieldOfText } from '../../../src/protocol/bytes.ts';

describe('what comes from others', () => {
  it('is shown as text where it is text', () => {
    expect(printable(fieldOfText('café — "x"'))).toBe('café — "x"');
  });

  it('cannot speak to the terminal, nor turn its line around', () => {
    expect(printable('\x1b]0;owned\x07\r\n')).toBe('\\x1b]0;owned\\x07\\x0d\\x0a');
    expect(printable(fieldOfText('a\u009b31mb'))).toBe('a\\x9b31mb');
    expect(printable(fieldOfText('\u202eevil'))).toBe('\\u202eevil');
  });

  it('shows a replacement for bytes that are no text', () => {
    expect(printable('a\xffb')).toBe('a\uFFFDb');
  });
});

describe('states', () => {
  it('each have a colour, where there is colour', () => {
    for (const state of UNIT_STATES) {
      expect(paintState(state, 'x', true)).toMatch(/^\x1b\[\d\dmx\x1b\[0m$/); // eslint-disable-line no-control-regex -- that is what colour is
      expect(paintState(state, 'x', false)).toBe('x');
    }
  });

  it('of later versions are shown all the same', () => {
    expect(paintState('dreaming', 'dreaming', true)).toBe('dreaming');
  });
});

describe('instants', () => {
  it('are told as ages', () => {
    expect(ageOf('1000', 1_125_000)).toBe('2m 5s');
    expect(ageOf('1000.5', 1_000_750)).toBe('250ms');
    expect(ageOf('2000', 1_000_000)).toBe('0ms');
    expect(ageOf('', 0)).toBe('');
  });

  it('are told as local time, to the millisecond', () => {
    const noon = new Date(2026, 0, 2, 3, 4, 5, 6);
    expect(localTime(String(noon.getTime() / 1000))).toBe('2026-01-02 03:04:05.006');
    expect(localTime('never')).toBe('never');
  });
});

describe('units', () => {
  const look = { nowMs: 1_125_000, columns: undefined, isColoured: false };
  const up = unitRow(['web', 'running', '123', '1000', '3', '12.5', '1572864', '', 'of a later version']);
  const down = unitRow(['db', 'failed', '', '1120.5', '0', '', '', 'signal:SIGKILL']);

  it('are a table for people', () => {
    expect(unitTable([down, up], look)).toBe(
      'LABEL  STATE    PID  SINCE      RESTARTS    CPU  MEMORY  LAST EXIT\n' +
        'db     failed        4.5s ago                            SIGKILL\n' +
        'web    running  123  2m 5s ago         3  12.5%    1.5M\n',
    );
  });

  it('are numbers and nulls for programs', () => {
    expect(unitJson(up)).toEqual({
      label: 'web',
      state: 'running',
      pid: 123,
      since: 1000,
      restarts: 3,
      cpuPercent: 12.5,
      memoryBytes: 1_572_864,
      lastExit: null,
    });
    expect(unitJson(down)).toMatchObject({ pid: null, cpuPercent: null, lastExit: 'signal:SIGKILL' });
  });

  it('colour their states and nothing else', () => {
    expect(unitTable([up], { ...look, isColoured: true })).toContain('web    \x1b[32mrunning\x1b[0m  123');
  });
});

describe('trees', () => {
  const row = (depth: number, pid: number, label: string, command: string): ProcessRow => ({
    depth: String(depth),
    pid: String(pid),
    ppid: '1',
    label,
    state: 'S',
    command,
  });
  const rows = [
    row(0, 10, 'web', 'nginx'),
    row(1, 11, 'web', 'worker 1'),
    row(2, 12, 'web', 'helper'),
    row(1, 13, 'web', 'worker 2'),
    row(0, 14, 'web', 'orphan'),
    row(0, 20, 'db', ''),
  ];

  it('show each process below the one that started it', () => {
    expect(treeText(rows, undefined, true)).toBe(
      [
        'web',
        '├─ 10 S nginx',
        '│  ├─ 11 S worker 1',
        '│  │  └─ 12 S helper',
        '│  └─ 13 S worker 2',
        '└─ 14 S orphan',
        'db',
        '└─ 20 S',
        '',
      ].join('\n'),
    );
  });

  it('do with ASCII where the locale has no more', () => {
    expect(treeText(rows.slice(0, 2), undefined, false)).toBe('web\n`- 10 S nginx\n   `- 11 S worker 1\n');
  });

  it('are cut to the terminal', () => {
    expect(treeText([row(0, 10, 'web', 'a very long command')], 16, true)).toBe('web\n└─ 10 S a very …\n');
  });
});
