import { describe, expect, it } from 'vitest';
import { VirtualHost } from '../stage/virtual-host.ts';
import { reload } from '../reload/reload-rig.ts';
import { gate, Host } from './host.ts';

/** Sends a notification to the socket that is named in the environment, and stays. */
const SEND = [
  'import os, socket, sys, time',
  's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
  's.sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])',
  'time.sleep(86400)',
].join('; ');

const FOREVER = '10m';

describe('what a unit speaks by, where keeper and archond died', () => {
  it('is told once to be lost; a socket is there again, a pipe that has said it is not missed (needs python3)', async () => {
    await using host = await Host.start((folder) => ({
      socket: {
        command: ['sh', '-c', `${gate(folder, 'socket')}; exec python3 -c '${SEND}' "$line"`],
        ready: { notify: true, timeout: FOREVER },
      },
      pipe: { command: ['sh', '-c', 'exec sleep 86400'], ready: { fd: 3, timeout: FOREVER } },
      said: { command: ['sh', '-c', 'echo >&3; exec sleep 86400'], ready: { fd: 3, timeout: FOREVER } },
    }));
    await host.until('starting', 'socket');
    await host.until('starting', 'pipe');
    await host.until('running', 'said');
    const pids = [await host.pidOf('socket'), await host.pidOf('pipe'), await host.pidOf('said')];
    await host.supervisor.killAll();
    await host.again();
    const lost = async (): Promise<string[]> =>
      (await host.ask('Events,@kind=lost'))
        .slice(0, -1)
        .map((line) => line.replace(/^Event,\d+,[\d.]+,(\w+),lost,.*what=([\w-]+).*$/, '$1 $2'));
    expect((await lost()).sort()).toEqual(['pipe ready-pipe', 'socket notify-socket']);
    await host.killDeciding();
    expect(await lost()).toHaveLength(2);
    await host.open('socket', 'READY=1\n');
    await host.until('running', 'socket');
    expect(await host.states()).toBe('pipe:starting said:running socket:running');
    expect([await host.pidOf('socket'), await host.pidOf('pipe'), await host.pidOf('said')]).toEqual(pids);
  });
});

describe('what a unit speaks by, where another readiness is said of it since', () => {
  it('is missed where its process was given it, and only there (needs python3)', async () => {
    const speaks = { command: ['python3', '-c', SEND, 'READY=1\nSTATUS=at work'] };
    const mute = { command: 'sleep 86400' };
    const before = { speaks: { ...speaks, ready: 'notify' }, mute, still: mute };
    const after = { speaks, mute: { ...mute, ready: 'notify' }, still: { ...mute, ready: { fd: 3 } } };
    await using host = await Host.start(before);
    for (const label of Object.keys(before)) await host.until('running', label);
    expect(await reload(host, after)).toEqual([
      expect.stringMatching(/^speaks changed taken over/),
      expect.stringMatching(/^mute changed taken over/),
      expect.stringMatching(/^still changed taken over/),
    ]);
    await host.killDeciding();
    expect(await host.ask('Events,@kind=lost')).toEqual(['Ok,0']);
    await host.supervisor.killAll();
    await host.again();
    expect(await host.ask('Events,@kind=lost')).toEqual([
      expect.stringMatching(/,speaks,lost,.*what=notify-socket/),
      'Ok,1',
    ]);
    expect(await host.states()).toBe('mute:running speaks:running still:running');
    expect(await host.fact('speaks', 'status')).toBe('at work');
  });
});

describe('what the keeper had no descriptor for', () => {
  it('is offered to it again, be it a pipe, a log or a socket, and outlives archond then', async () => {
    await using host = await VirtualHost.start({
      piped: { command: '/usr/bin/mute', ready: { fd: 3, timeout: FOREVER }, enabled: false },
      other: { command: '/usr/bin/mute', enabled: false },
    });
    const { control } = host;
    control.install('/usr/bin/mute', () => undefined);
    let refusedUntilMs = control.nowMs() + 500;
    control.kernel.faults.plan = (_at, call) =>
      call === 'keeper.store' && control.nowMs() < refusedUntilMs ? 'EMFILE' : undefined;
    await host.ask('Start,piped,@wait=0', 'Start,other,@wait=0', 'Port,free,@port=4711');
    expect(control.keeper.kept.names()).toEqual([]);
    control.advanceMs(5000);
    const names = ['out:1:piped', 'out:2:other', 'port:one: free', 'ready:1:piped'];
    expect([...control.keeper.kept.names()].sort()).toEqual(names);
    await host.killDeciding();
    const [line = ''] = await host.ask('List,piped');
    const process = control.process(Number(line.split(',')[3]));
    process?.write(3, '\n');
    expect(await host.ask('Wait,piped,@for=running')).toEqual(['Ok']);
    expect(await host.ask('Events,@kind=lost')).toEqual(['Ok,0']);

    /* What is given back is not offered any more. */
    refusedUntilMs = control.nowMs() + 500;
    await host.ask('Port,gone,@port=4712', 'ReleasePort,gone');
    control.advanceMs(5000);
    expect(control.keeper.kept.names()).not.toContain('port:one: gone');
    /* Each refusal is in the log, once; of what was given back by then nothing is. */
    expect(host.faults.splice(0).map((fault) => fault.replace(/ \{.*/, ''))).toEqual([
      'output is not with the keeper yet',
      'output is not with the keeper yet',
      'the keeper does not hold a port yet',
    ]);
  });
});
