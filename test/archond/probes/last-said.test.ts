import { describe, expect, it } from 'vitest';
import * as programs from '../../../src/sys/fake/programs.ts';
import { dieIn, sweepDeaths, upTo, type Deaths, type Played } from '../stage/deaths.ts';
import { allIgnoreLastWords } from '../stage/last-words.ts';
import { VirtualHost } from '../stage/virtual-host.ts';

/** One point of death in so many; each with `ARCHON_SWEEP=full`. */
const EVERY = process.env['ARCHON_SWEEP'] === 'full' ? 1 : 3;

/** The watchdog of the configuration, and what passes until it is looked again whether that has barked. */
const WATCHDOG_MS = 2000;
const LONG_MS = 5 * WATCHDOG_MS;

/** The files in the runtime folder that belong to the voice of a generation. */
function voicesOn({ control }: VirtualHost): readonly string[] {
  return control.kernel.files.paths().filter((path) => /\/(?:notify|said)\.[^/]+$/.test(path));
}

/** A server that says what it is asked to, and that its watchdog is to have an hour. */
async function play(deaths: Deaths, tree: 'cgroup' | 'minder'): Promise<Played> {
  const host = await VirtualHost.before(
    {
      web: {
        command: '/usr/bin/speaker',
        ready: { notify: true, timeout: '1h' },
        health: { notify: true, watchdog: `${WATCHDOG_MS}ms` },
      },
    },
    {
      tree,
      atBirth: (control, life) => {
        if (life === 1) control.install('/usr/bin/speaker', programs.runs());
        dieIn(life, deaths, control);
      },
    },
  );
  const { control } = host;
  const faults: string[] = [];
  const say = (text: string): void => {
    const [path = ''] = voicesOn(host);
    const process = [...control.kernel.processes.values()].find(({ args }) => args[0] === '/usr/bin/speaker');
    if (process === undefined || !control.kernel.notify(process, path, text))
      faults.push(`not said: ${text}`);
  };
  const pass = async (ms: number): Promise<void> => {
    const untilMs = control.nowMs() + ms;
    await host.until(() => control.nowMs() >= untilMs);
    await host.untilAnswers();
  };
  const expectStatus = async (text: string): Promise<void> => {
    const status = (await host.insist('Status,web')).find((line) => line.startsWith('Field,status,'));
    if (status !== `Field,status,${text}`) faults.push(`the status is ${status} and not ${text}`);
  };
  await pass(1000);
  say('STATUS=one\nWATCHDOG_USEC=3600000000');
  say('READY=1');
  await pass(LONG_MS);
  await expectStatus('one');
  say('STATUS=two');
  await pass(LONG_MS);
  /* As it lies there where an archond has died between the end of a generation and the removal. */
  control.kernel.files.openToAppend('/run/archon/said.999', 0o600, 0);
  await host.killDeciding();
  await expectStatus('two');
  await pass(LONG_MS);
  const events = (await host.insist('Events,web')).map((line) => line.split(',')[4]);
  if (events.some((kind) => kind !== 'adopted' && !['starting', 'running', undefined].includes(kind)))
    faults.push(`there was ${events.join(' ')}`);
  await host[Symbol.asyncDispose]();
  return { calls: control.calls, killedAt: control.killedAt, faults: [...faults, ...voicesOn(host)] };
}

describe('what a service says of itself', () => {
  allIgnoreLastWords();

  it(
    'holds over deaths of archond, wherever it is killed, and leaves nothing',
    { timeout: 600_000 },
    async () => {
      const { calls, faults } = await play({}, 'cgroup');
      expect(faults).toEqual([]);
      const points = upTo(calls, EVERY).map((first) => ({ first }));
      expect(await sweepDeaths(points, 'cgroup', play)).toEqual({});
    },
  );
});
