import { describe, expect, it } from 'vitest';
import { isHarmless } from './harmless.ts';
import { expectedOf } from './oracle.ts';

const mayBeSent = (line: string): boolean => isHarmless(expectedOf(line, 0));

describe('what the fuzz run may send', () => {
  it.each([
    'MonitorPid,1',
    'monitorpid,4194303,@label=a',
    '#t,"MonitorPid",12,@label=',
    'MonitorPid,\\x31\\x32',
    'MonitorPid, 12',
    'Run,sleep 1000',
    'Run,rm -rf x',
    'Run,/bin/true',
    'Run,true,PATH=/bin',
    'StartDaemon,true,@on-exit=kill 1',
    'Shutdown',
    'sHut\\x64own,@timeout=1s',
    'Reboot',
    '#1,poweroff',
    'Upgrade',
    'Signal,STOP,*',
    'Signal,19,a',
    'Wait,a',
    '#ttt,Subscribe,*',
  ])('is not %s', (line) => {
    expect(mayBeSent(line)).toBe(false);
  });

  it.each([
    'Version',
    'MonitorPid,2147483647',
    'MonitorPid,x',
    'Run,true,A=1',
    '#1,Run,sleep 1000',
    '#1,Subscribe,*',
    'Signal,KILL,*',
    'Wait,a,@timeout=5ms',
    'Run,"rm',
  ])('is %s', (line) => {
    expect(mayBeSent(line)).toBe(true);
  });
});
