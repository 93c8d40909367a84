import { describe, expect, it } from 'vitest';
import * as programs from '../../../src/sys/fake/programs.ts';
import { ProbeRig } from './probe-rig.ts';

const TIMES = { everyMs: 1000, timeoutMs: 60_000 };

describe('a unit that is ready by notification', () => {
  it('is ready when its process says so, and not before', () => {
    const rig = new ProbeRig({ kind: 'notify', ...TIMES });
    const main = rig.start(programs.runs());
    expect(rig.told).toEqual([]);
    rig.say('STATUS=warming up', main);
    expect(rig.kinds).toEqual([]);
    expect(rig.probes.status).toBe('warming up');
    rig.say('READY=1', main);
    expect(rig.told).toEqual([{ kind: 'ready', generation: rig.generation }]);
    rig.end();
  });

  it('is ready by any process of its tree, also one in a session of its own', () => {
    const rig = new ProbeRig({ kind: 'notify', ...TIMES });
    const main = rig.start(programs.runs());
    const child = main.fork(programs.runs());
    child.startSession();
    rig.control.settle();
    rig.say('READY=1', child);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });

  it('is not ready by a process that does not belong to it', () => {
    const rig = new ProbeRig({ kind: 'notify', ...TIMES });
    const main = rig.start(programs.runs());
    const stranger = rig.control.stranger(programs.runs());
    rig.control.settle();
    rig.say('READY=1\nMAINPID=1', stranger);
    expect(rig.told).toEqual([]);
    rig.say('READY=1', main);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });

  it('is heard also where it speaks before the keeper has said which process it is', () => {
    const rig = new ProbeRig({ kind: 'notify', ...TIMES });
    rig.start((self) => {
      expect(rig.control.kernel.notify(self, '/run/archon/notify.1', 'READY=1')).toBe(true);
    });
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });

  it('hears what was said in its order, and closes a barrier when everything before it was heard', () => {
    const rig = new ProbeRig({ kind: 'notify', ...TIMES });
    const main = rig.start(programs.runs());
    const file = rig.control.file('pipe');
    const path = `/run/archon/notify.${String(rig.generation)}`;
    rig.control.kernel.notify(main, path, 'STATUS=one');
    rig.control.kernel.notify(main, path, 'STATUS=two\nREADY=1');
    rig.control.kernel.notify(main, path, 'BARRIER=1', [file]);
    file.release();
    rig.control.settle();
    expect(rig.probes.status).toBe('two');
    expect(rig.kinds).toEqual(['ready']);
    expect(file.isOpen).toBe(false);
    rig.end();
  });
});

describe('a unit that is ready by a newline', () => {
  it('is ready when the newline comes, and may go on writing', () => {
    const rig = new ProbeRig({ kind: 'fd', fd: 3, ...TIMES });
    const main = rig.start(programs.writes('not yet', 3));
    expect(rig.told).toEqual([]);
    main.write(3, ' but now\n');
    rig.control.settle();
    expect(rig.kinds).toEqual(['ready']);
    main.write(3, 'more\n'.repeat(50_000));
    rig.control.settle();
    expect(main.alive).toBe(true);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });
});

describe('a unit that is asked', () => {
  it('by TCP is ready when it accepts, asked again and again', () => {
    const rig = new ProbeRig({ kind: 'tcp', host: '127.0.0.1', port: '8080', ...TIMES });
    rig.start(programs.runs());
    rig.control.advanceMs(2500);
    expect(rig.told).toEqual([]);
    expect(rig.probes.status).toContain('ECONNREFUSED');
    rig.control.kernel.servers.accepting.add('127.0.0.1:8080');
    rig.control.advanceMs(500);
    expect(rig.kinds).toEqual(['ready']);
    rig.control.advanceMs(10_000);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });

  it.each([
    [200, true],
    [399, true],
    [404, false],
    [503, false],
  ])('by HTTP, answering %d, is ready: %s', (status, isReady) => {
    const url = 'http://127.0.0.1:8080/health';
    const rig = new ProbeRig({ kind: 'http', url, ...TIMES });
    rig.control.kernel.servers.pages.set(url, status);
    rig.start(programs.runs());
    rig.control.advanceMs(100);
    expect(rig.kinds).toEqual(isReady ? ['ready'] : []);
    rig.end();
  });

  it('for a file is ready when it is there', () => {
    const rig = new ProbeRig({ kind: 'file', path: '/run/archon/there', ...TIMES });
    rig.start(programs.runs());
    rig.control.advanceMs(100);
    expect(rig.told).toEqual([]);
    rig.control.kernel.files.makeFolders('/run/archon/there', 0o755, 0);
    rig.control.advanceMs(1000);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });

  it('by a command is ready when one ends with 0, and none of them is left', () => {
    const rig = new ProbeRig({ kind: 'command', words: ['/bin/probe'], ...TIMES });
    let code = 1;
    rig.control.install('/bin/probe', (self) => self.exit(code));
    rig.start(programs.runs());
    rig.control.advanceMs(1500);
    expect(rig.told).toEqual([]);
    expect(rig.probes.status).toBe('/bin/probe ended with code 1');
    code = 0;
    rig.control.advanceMs(1000);
    expect(rig.kinds).toEqual(['ready']);
    expect(rig.sys.keeper.entries().map(({ label, state }) => [label, state])).toEqual([['unit', 'running']]);
    rig.end();
  });

  it('is not asked any more when the core no longer waits, and a command under way is killed', () => {
    const rig = new ProbeRig({ kind: 'command', words: ['/bin/probe'], ...TIMES });
    rig.control.install('/bin/probe', programs.runs());
    rig.start(programs.runs());
    expect(rig.sys.keeper.entries()).toHaveLength(2);
    rig.probes.watch(rig.generation, 'none');
    rig.control.advanceMs(5000);
    expect(rig.sys.keeper.entries()).toHaveLength(1);
    expect(rig.told).toEqual([]);
    rig.end();
  });
});

describe('a unit that is ready by its log', () => {
  it('is ready when a whole line of this generation matches', () => {
    const rig = new ProbeRig({ kind: 'log', pattern: '^listening on \\d+$', ...TIMES });
    const main = rig.start(programs.writes('starting\nlistening on 80'));
    rig.control.advanceMs(3000);
    expect(rig.told).toEqual([]);
    main.write(1, '80\n');
    rig.control.advanceMs(1000);
    expect(rig.kinds).toEqual(['ready']);
    /* The line of the generation before does not count for the next one. */
    main.exit(0);
    rig.control.settle();
    rig.probes.over(rig.generation);
    rig.start(programs.writes('starting\n'));
    rig.control.advanceMs(3000);
    expect(rig.kinds).toEqual(['ready']);
    rig.end();
  });
});
