import { describe, expect, it } from 'vitest';
import { instantOption, readInstant } from '../../../src/archonctl/options/instant.ts';
import { takeValue } from '../../../src/archonctl/options/option.ts';
import { localTime } from '../../../src/archonctl/print/time.ts';

/** An afternoon, local time. */
const NOW_MS = new Date(2026, 10, 30, 15, 30, 20, 250).getTime();
const seconds = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0): string =>
  String(new Date(year, month - 1, day, hour, minute, second).getTime() / 1000);

function read(text: string, nowMs = NOW_MS): string {
  const instant = readInstant(text, nowMs);
  return instant.ok ? instant.value : `refused: ${instant.error.message}`;
}

describe('an instant', () => {
  it('in Unix seconds stays as it is written, to the nanosecond', () => {
    for (const text of ['0', '1767225600', '1700000000.000000001', '9223372036.854775807'])
      expect(read(text)).toBe(text);
  });

  it('is so long ago', () => {
    const ago = (ms: number): string => String((NOW_MS - ms) / 1000);
    expect(read('250ms')).toBe(ago(250));
    expect(read('10m')).toBe(ago(600_000));
    expect(read('10m ago')).toBe(ago(600_000));
    expect(read('1h30m')).toBe(ago(5_400_000));
    expect(read('2d')).toBe(ago(172_800_000));
    expect(read('0s')).toBe(ago(0));
    expect(read('now')).toBe(ago(0));
  });

  it('is the last time that a clock showed so much', () => {
    expect(read('04:15')).toBe(seconds(2026, 11, 30, 4, 15));
    expect(read('4:15:07')).toBe(seconds(2026, 11, 30, 4, 15, 7));
    expect(read('15:30')).toBe(seconds(2026, 11, 30, 15, 30));
    expect(read('15:31')).toBe(seconds(2026, 11, 29, 15, 31));
    expect(read('00:00')).toBe(seconds(2026, 11, 30));
    expect(read('15:30:20.125')).toBe(`${seconds(2026, 11, 30, 15, 30, 20)}.125`);
  });

  it('is the beginning of a day, or a time of it', () => {
    expect(read('today')).toBe(seconds(2026, 11, 30));
    expect(read('yesterday')).toBe(seconds(2026, 11, 29));
    expect(read('today 23:00')).toBe(seconds(2026, 11, 30, 23));
    expect(read('yesterday 04:15')).toBe(seconds(2026, 11, 29, 4, 15));
    expect(read('2026-02-28')).toBe(seconds(2026, 2, 28));
    expect(read('2026-11-30T04:00')).toBe(seconds(2026, 11, 30, 4));
    expect(read('2026-11-30 04:00:01.5')).toBe(`${seconds(2026, 11, 30, 4, 0, 1)}.5`);
    /* The first of a month: the day before is in another one. */
    expect(read('yesterday', new Date(2027, 0, 1, 12).getTime())).toBe(seconds(2026, 12, 31));
  });

  it('is told in another zone where it says so', () => {
    expect(read('2026-11-30T04:00Z')).toBe('1796011200');
    expect(read('2026-11-30T04:00+02:00')).toBe('1796004000');
    expect(read('2026-11-30T04:00-0330')).toBe('1796023800');
    expect(read('1970-01-01T00:00Z')).toBe('0');
  });

  it('is understood as it is printed', () => {
    for (const time of ['1796011200.25', '1796011200.001', '1000000000'])
      expect(Number(read(localTime(time)))).toBe(Number(time));
  });

  it.each([
    ['', 'is no instant'],
    ['soon', 'is no instant'],
    ['-5m', 'is no instant'],
    ['5 m', 'is no instant'],
    ['5w', 'is no instant'],
    ['1e9', 'is no instant'],
    ['2026-11', 'is no instant'],
    ['2026-1-1', 'is no instant'],
    ['2026-11-30T', 'is no instant'],
    ['2026-11-30T04', 'is no instant'],
    ['04:15Z', 'is no instant'],
    ['tomorrow', 'is no instant'],
    ['2026-02-29', 'there is no day'],
    ['2026-13-01', 'there is no day'],
    ['2026-00-10T04:00', 'there is no day'],
    ['24:00', 'no clock shows'],
    ['12:60', 'no clock shows'],
    ['2026-11-30T12:00:60', 'no clock shows'],
    ['2026-11-30T04:00+15:00', 'no time zone'],
    ['1969-12-30', 'before 1970'],
    ['30000d', 'before 1970'],
    ['99999999999d', 'longer than'],
    ['2300-01-01', 'after the year 2262'],
    ['9999999999', 'after the year 2262'],
    ['1.', 'not a time'],
    ['1.0000000001', 'not a time'],
  ])('%j is refused with the reason', (text, why) => {
    expect(read(text)).toMatch(/^refused: /);
    expect(read(text)).toContain(why);
  });

  it('is given by its option as the protocol has it', () => {
    const option = instantOption('not before');
    expect(takeValue(option, '2026-11-30T04:00Z')).toEqual({ ok: true, value: '1796011200' });
    expect(takeValue(option, 'soon').ok).toBe(false);
  });
});
