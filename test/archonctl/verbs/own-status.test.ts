import { describe, expect, it } from 'vitest';
import { archonctl } from '../client.ts';
import { byVerb, Pretended } from '../pretended.ts';

const UNITS = [
  'Unit,db,backoff,,1000.5,3,,,signal:SIGKILL',
  'Unit,web,running,123,1000,0,12.5,1572864,',
  'Ok,2',
];

/** `Dump,state` of a supervisor without a unit. */
function dumped(own: object): string[] {
  return [`Line,"${JSON.stringify({ supervisor: own }).replaceAll('"', '""')}"`, 'Ok'];
}

describe('status without a label', () => {
  it('tells who answers and how the units are', async () => {
    const own = dumped({ pid: 7, mode: 'normal', journal: ['well'] });
    const supervisor = byVerb({ Version: ['Ok,archon,1.2.3,1'], List: UNITS, Dump: own });
    await using server = await Pretended.start(supervisor);
    const { code, stdout } = await archonctl(server.socket, ['status']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `archon 1.2.3 (protocol 1) answers at ${server.socket}: 1 backoff, 1 running\n`,
    });
    expect(JSON.parse((await archonctl(server.socket, ['--json', 'status'])).stdout)).toEqual({
      name: 'archon',
      version: '1.2.3',
      protocol: 1,
      socket: server.socket,
      states: { backoff: 1, running: 1 },
      pid: 7,
      mode: 'normal',
      journal: ['well'],
    });
  });

  it('says plainly that it is in safe mode, and that its journal is in need', async () => {
    const own = dumped({ mode: 'safe', journal: ['degraded', 'ENOSPC', 'runtime'] });
    const supervisor = byVerb({ Version: ['Ok,archon,1.2.3,1'], List: ['Ok,0'], Dump: own });
    await using server = await Pretended.start(supervisor);
    const { stdout } = await archonctl(server.socket, ['status']);
    expect(stdout.split('\n').slice(1)).toEqual([
      expect.stringContaining('It is in safe mode'),
      'Its journal cannot be written (ENOSPC (No space left on device)): what happens is kept in the runtime folder until it can.',
      '',
    ]);
  });
});
