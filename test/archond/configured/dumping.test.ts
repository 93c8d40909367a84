import { describe, expect, it } from 'vitest';
import { archonctl } from '../../archonctl/client.ts';
import { decodeRecord } from '../../../src/protocol/record.ts';
import { FOREVER, Host } from './host.ts';

const UNITS = {
  web: { ...FOREVER, needs: ['setup', 'worker'], wants: ['cache'], 'stop-before': ['log'] },
  setup: { type: 'oneshot', command: 'true', before: ['cache'] },
  worker: { command: 'sleep 8640{instance}', instances: 2, after: ['log'] },
  cache: { ...FOREVER, enabled: false, conflicts: ['other'] },
  other: { ...FOREVER, enabled: false },
  log: FOREVER,
};

describe('Dump', () => {
  it('of the graph has a line for each unit, and for each thing that it says of another', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    expect(await host.ask('Dump,graph')).toEqual([
      'Line,web service running',
      'Line,web needs setup',
      'Line,web needs worker@1',
      'Line,web needs worker@2',
      'Line,web wants cache',
      'Line,web stop-before log',
      'Line,setup oneshot finished',
      'Line,setup before cache',
      'Line,worker@1 service running',
      'Line,worker@1 after log',
      'Line,worker@2 service running',
      'Line,worker@2 after log',
      'Line,cache service running',
      'Line,cache conflicts other',
      'Line,other service stopped',
      'Line,log service running',
      'Ok',
    ]);
  });

  it('of the state has for each unit what the core goes by', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    const lines = await host.ask('Dump,state');
    expect(lines.pop()).toBe('Ok');
    const states = lines.map((line) => {
      const record = decodeRecord(Buffer.from(line, 'latin1'));
      return JSON.parse(record.ok ? (record.value[1] ?? '') : '') as Readonly<Record<string, unknown>>;
    });
    expect(states.shift()).toMatchObject({ supervisor: { mode: 'normal', journal: ['well'] } });
    expect(states.map(({ label }) => label)).toEqual([
      'cache',
      'log',
      'other',
      'setup',
      'web',
      'worker@1',
      'worker@2',
    ]);
    expect(states[0]).toMatchObject({ desired: 'up', gate: { start: { kind: 'open' }, isNeeded: false } });
    expect(states[3]).toMatchObject({ state: { kind: 'finished', end: { kind: 'exited', code: 0 } } });
    expect(states[3]).toMatchObject({ gate: { isNeeded: true } });
  });
});

describe('archonctl', () => {
  it('draws the graph for Graphviz', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    const { code, stdout } = await archonctl(host.supervisor.socket, ['dump', 'graph', '--dot']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'digraph units {',
        '  "web" -> "worker@1";',
        '  "web" -> "cache" [style=dashed];',
        '  "cache" -> "other" [dir=both, color=red, arrowhead=tee, arrowtail=tee];',
        '  "setup" [fillcolor=palegreen, tooltip="finished", shape=ellipse];',
        '  "other" [fillcolor=white, tooltip="stopped"];',
        '}',
      ]),
    );
    const wrong = await archonctl(host.supervisor.socket, ['dump', 'state', '--dot']);
    expect(wrong).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'archonctl: --dot and --svg go with dump graph\n',
    });
  });

  it('enables and disables, orders and explains', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    const call = async (...words: string[]) => archonctl(host.supervisor.socket, words);
    expect(await call('disable', 'cache')).toEqual({
      code: 0,
      stdout: 'disabled 1 unit\n',
      stderr: 'archonctl: web will start what was disabled all the same\n',
    });
    expect((await call('enable', 'other')).stdout).toBe('enabled 1 unit\n');
    expect(await call('stop', 'setup')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'archonctl: setup cannot be stopped beside web: stop these too, or take them down with @force=1 (--force)\n',
    });
    expect(await call('stop', '--force', 'setup')).toMatchObject({ code: 0, stdout: 'setup is stopped\n' });
    const status = await call('status', 'web');
    expect(status.code).toBe(3);
    expect(status.stdout).toMatch(/\n {2}waits-for +setup\n/);
    expect((await call('start', 'web')).stdout).toBe('web is running\n');
    expect((await call('stop', '--disable', 'web')).stdout).toBe('web is stopped\n');
    expect((await call('restart', 'setup')).stdout).toBe('setup is finished\n');
  });
});
