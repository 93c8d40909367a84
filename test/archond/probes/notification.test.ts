import { describe, expect, it } from 'vitest';
import { readNotification } from '../../../src/archond/probes/notification.ts';

const SILENT = { isReady: false, isReloading: false, isStopping: false, isBarrier: false };

const read = (text: string): unknown => readNotification(Buffer.from(text));

describe('a notification', () => {
  it.each([
    ['READY=1', { ...SILENT, isReady: true }],
    ['READY=1\n', { ...SILENT, isReady: true }],
    ['READY=0', SILENT],
    ['READY', SILENT],
    ['', SILENT],
    ['RELOADING=1\nMONOTONIC_USEC=5', { ...SILENT, isReloading: true }],
    ['STOPPING=1', { ...SILENT, isStopping: true }],
    ['BARRIER=1', { ...SILENT, isBarrier: true }],
    ['STATUS=a=b\nX_UNKNOWN=1', { ...SILENT, status: 'a=b' }],
    ['MAINPID=77', { ...SILENT, mainPid: 77 }],
    ['MAINPID=0', SILENT],
    ['MAINPID=-3', SILENT],
    ['MAINPID=7x', SILENT],
    ['WATCHDOG=1', { ...SILENT, watchdog: 'alive' }],
    ['WATCHDOG=trigger', { ...SILENT, watchdog: 'trigger' }],
    ['WATCHDOG_USEC=1500', { ...SILENT, watchdogMs: 1.5 }],
    ['WATCHDOG_USEC=no', SILENT],
  ])('%j is read as what it says', (text, meaning) => {
    expect(read(text)).toEqual(meaning);
  });

  it('has a status that fits a line and a screen', () => {
    expect(read('STATUS=tab\there\u0007')).toEqual({ ...SILENT, status: 'tab here ' });
    expect(read(`STATUS=${'x'.repeat(5000)}`)).toEqual({ ...SILENT, status: 'x'.repeat(1024) });
  });

  it('that is no text says nothing', () => {
    expect(readNotification(Uint8Array.of(0xff, 0xfe, 0x3d, 0x00, 0x0a, 0x3d))).toEqual(SILENT);
  });
});
