import { describe, expect, it } from 'vitest';
import type { Health } from '../../../src/config/probe.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import { ProbeRig } from './probe-rig.ts';

const NOTIFY = { kind: 'notify', everyMs: 1000, timeoutMs: 60_000 } as const;
const TCP: Health = {
  kind: 'tcp',
  host: '127.0.0.1',
  port: '80',
  everyMs: 1000,
  timeoutMs: 500,
  failures: 3,
};

describe('the health of a unit', () => {
  it('is lost after so many failures in a row, not after as many with one that went well between', () => {
    const rig = new ProbeRig({ kind: 'exec' }, TCP);
    const { accepting } = rig.control.kernel.servers;
    rig.start(programs.runs());
    rig.probes.watch(rig.generation, 'health');
    rig.control.advanceMs(1500);
    accepting.add('127.0.0.1:80');
    rig.control.advanceMs(1000);
    accepting.clear();
    rig.control.advanceMs(2000);
    expect(rig.told).toEqual([]);
    rig.control.advanceMs(1000);
    expect(rig.told).toEqual([{ kind: 'unhealthy', generation: rig.generation }]);
    rig.control.advanceMs(60_000);
    expect(rig.kinds).toEqual(['unhealthy']);
    rig.end();
  });

  it('is lost to a probe that does not answer', () => {
    const rig = new ProbeRig({ kind: 'exec' }, { ...TCP, failures: 1 });
    rig.control.kernel.servers.delayMs = 10_000;
    rig.start(programs.runs());
    rig.probes.watch(rig.generation, 'health');
    rig.control.advanceMs(499);
    expect(rig.told).toEqual([]);
    rig.control.advanceMs(2);
    expect(rig.kinds).toEqual(['unhealthy']);
    expect(rig.probes.status).toBe('no answer within 500 ms');
    rig.end();
  });

  it('is lost when the watchdog is not heard of in time, and kept as long as it is', () => {
    const rig = new ProbeRig(NOTIFY, { kind: 'notify', watchdogMs: 2000 });
    const main = rig.start(programs.runs());
    rig.say('READY=1', main);
    rig.probes.watch(rig.generation, 'health');
    for (let round = 0; round < 5; round++) {
      rig.control.advanceMs(1500);
      rig.say('WATCHDOG=1', main);
    }
    expect(rig.kinds).toEqual(['ready']);
    rig.control.advanceMs(2001);
    expect(rig.kinds).toEqual(['ready', 'unhealthy']);
    rig.end();
  });

  it('is lost at once where the service asks for it, and watched in the rhythm that it asks for', () => {
    const rig = new ProbeRig(NOTIFY, { kind: 'notify', watchdogMs: 2000 });
    const main = rig.start(programs.runs());
    rig.probes.watch(rig.generation, 'health');
    rig.say('WATCHDOG_USEC=10000000', main);
    rig.control.advanceMs(9000);
    expect(rig.told).toEqual([]);
    rig.say('WATCHDOG=trigger', main);
    expect(rig.kinds).toEqual(['unhealthy']);
    rig.end();
  });
});

describe('the main process', () => {
  it('becomes the one that the service names, and its end is told', () => {
    const rig = new ProbeRig(NOTIFY);
    const main = rig.start(programs.runs());
    const child = main.fork(programs.runs());
    rig.control.settle();
    rig.say(`MAINPID=${String(child.pid)}\nREADY=1`, main);
    expect(rig.told[0]).toEqual({ kind: 'main-changed', generation: rig.generation, pid: child.pid });
    expect(rig.kinds).toContain('ready');
    child.exit(3);
    rig.control.settle();
    expect(rig.told.at(-1)).toMatchObject({ kind: 'main-exited', generation: rig.generation });
    rig.end();
  });

  it('never becomes one of another tree', () => {
    const rig = new ProbeRig(NOTIFY);
    const main = rig.start(programs.runs());
    const stranger = rig.control.stranger(programs.runs());
    rig.control.settle();
    rig.say(`MAINPID=${String(stranger.pid)}`, main);
    expect(rig.told).toEqual([]);
    rig.end();
  });

  it('is found by its pid file once that names one of the tree', () => {
    const file = '/run/archon/unit.pid';
    const rig = new ProbeRig({ kind: 'exec' }, undefined, file);
    const main = rig.start(programs.runs());
    const child = main.fork(programs.runs());
    rig.probes.findMain(rig.generation);
    rig.control.advanceMs(500);
    expect(rig.told).toEqual([]);
    const opened = rig.sys.files.openToAppend(file, 0o644);
    if (!opened.ok) throw new Error(opened.error.code);
    opened.value.write(Buffer.from(`${String(child.pid)}\n`));
    opened.value.close();
    rig.control.advanceMs(500);
    expect(rig.told).toEqual([{ kind: 'main-changed', generation: rig.generation, pid: child.pid }]);
    rig.end();
  });
});
