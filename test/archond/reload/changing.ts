import { ok } from '../../../src/base/result.ts';
import { LOADER } from '../../../src/archond/configuration.ts';
import { load } from '../../config/rig.ts';
import { dieIn, type Deaths, type Played } from '../stage/deaths.ts';
import type { Units } from '../stage/stage.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { eventsOn } from '../sweep/checker.ts';
import { Ledger } from '../sweep/ledger.ts';
import { installMachine } from '../sweep/machine.ts';

/** As it is first, and what each then has: a unit for each way in which a reload can go. */
const BEFORE: Units = {
  still: { command: '/usr/bin/stays 1' },
  told: { command: '/usr/bin/stays 1', needs: ['still'] },
  base: { command: '/usr/bin/polite 1' },
  above: { command: '/usr/bin/polite 1', needs: ['base'] },
  set: { type: 'oneshot', command: '/usr/bin/done 0 10', 'stop-command': '/usr/bin/undo' },
  gone: { command: '/usr/bin/polite 1' },
  'gone/above': { command: '/usr/bin/parent', needs: ['gone'], stop: { timeout: '200ms' } },
  broken: { command: '/usr/bin/done 1', restart: { delay: '1h' } },
  off: { command: '/usr/bin/stays 1', enabled: false },
  /* Whose readiness is another one: these have never had what it is told by. */
  heard: { command: '/usr/bin/stays 1' },
  piped: { command: '/usr/bin/stays 1' },
  begun: { command: '/usr/bin/late', ready: { notify: true, timeout: '1h' } },
};
const AFTER: Units = {
  still: { command: '/usr/bin/stays 1' },
  told: { command: '/usr/bin/stays 1', description: 'taken over', needs: ['still', 'fresh'] },
  base: { command: '/usr/bin/polite 2' },
  above: { command: '/usr/bin/polite 1', needs: ['base'] },
  set: { type: 'oneshot', command: '/usr/bin/done 0 20', 'stop-command': '/usr/bin/undo' },
  broken: { command: '/usr/bin/stays 2', restart: { delay: '1h' } },
  fresh: { command: '/usr/bin/slow', ready: { fd: 3 } },
  spare: { command: '/usr/bin/stays 1', enabled: false },
  off: { command: '/usr/bin/stays 2', enabled: false },
  heard: { command: '/usr/bin/stays 1', ready: 'notify' },
  piped: { command: '/usr/bin/stays 1', ready: { fd: 3 } },
  begun: { command: '/usr/bin/late', ready: { fd: 3 } },
};

/** What is there when all is over, by label, with the words of its command. */
const THEN: Readonly<Record<string, string>> = {
  still: '/usr/bin/stays 1',
  told: '/usr/bin/stays 1',
  base: '/usr/bin/polite 2',
  above: '/usr/bin/polite 1',
  broken: '/usr/bin/stays 2',
  fresh: '/usr/bin/slow',
  heard: '/usr/bin/stays 1',
  piped: '/usr/bin/stays 1',
  begun: '/usr/bin/late',
};
const STATES =
  'above:running base:running begun:running broken:running fresh:running heard:running off:stopped piped:running set:finished spare:stopped still:running told:running';
/** So many processes each has had then, the first one among them. */
const LIVES: Readonly<Record<string, number>> = {
  still: 1,
  told: 1,
  base: 2,
  above: 2,
  set: 2,
  gone: 1,
  'gone/above': 1,
  broken: 3,
  fresh: 1,
  off: 0,
  spare: 0,
  heard: 1,
  piped: 1,
  begun: 2,
};
/** Longer than anything of it takes. */
const REST_MS = 3000;

/** A reload is played, with these deaths, and what is wrong with how it went is told; `from`: the first call that belongs to it. */
export async function playReload(
  deaths: Deaths,
  tree: 'cgroup' | 'minder',
): Promise<Played & { readonly from: number }> {
  let ledger: Ledger | undefined;
  await using host = await VirtualHost.start(BEFORE, {
    tree,
    atBirth: (control, life) => {
      if (ledger === undefined) {
        ledger = new Ledger(control);
        installMachine(control, ledger);
      }
      dieIn(life, deaths, control);
    },
  });
  const { control } = host;
  const book = ledger ?? new Ledger(control);
  await rest(host);
  const from = control.calls;
  const firsts = book.lives.filter(({ isFirst }) => isFirst);
  const pidsBefore = new Map(firsts.map(({ label, pid }) => [label, pid]));
  const after = await load(JSON.stringify({ version: 1, units: AFTER }));
  control.kernel.apart.set(LOADER, () => ok(JSON.stringify(ok(after))));
  const faults: string[] = [];
  const answer = await tryToAsk(host, 'Reload');
  await rest(host);
  const isAnswered = answer?.at(-1)?.startsWith('Ok,') === true;
  const isNew = (await host.insist('Dump,config')).some((line) => line.includes('taken over'));
  if (isAnswered && !isNew) faults.push('it was answered, and is not in force');
  if (!isNew) {
    /* The old set holds: nothing of it was touched. */
    const moved = book.lives.filter(
      ({ label, pid, isFirst }) => isFirst && pidsBefore.get(label) !== pid && label !== 'broken',
    );
    for (const { label } of moved) faults.push(`${label} was moved by what never came into force`);
    await host.insist('Reload');
    await rest(host);
  }
  faults.push(...book.faults, ...(await faultsAtRest(host, book, pidsBefore)));
  return { calls: control.calls, killedAt: control.killedAt, faults, from };
}

async function faultsAtRest(
  host: VirtualHost,
  book: Ledger,
  before: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const units = (await host.insist('List')).slice(0, -1).map((line) => line.split(','));
  const states = units.map(([, label, state]) => `${label ?? ''}:${state ?? ''}`).join(' ');
  if (states !== STATES) faults.push(`at rest they are ${states}`);
  const there = [...host.control.kernel.processes.values()].flatMap((process) => {
    const life = book.lives.find(({ pid }) => pid === process.pid);
    return life === undefined || life.label === '' ? [] : [`${life.label} ${process.args.join(' ')}`];
  });
  const wanted = Object.entries(THEN).map(([label, words]) => `${label} ${words}`);
  if (JSON.stringify(there.sort()) !== JSON.stringify(wanted.sort()))
    faults.push(`there are ${there.join(', ')}`);
  for (const [label, count] of Object.entries(LIVES)) {
    const lives = book.of(label);
    if (lives.length !== count) faults.push(`${label} has had ${lives.length} processes and not ${count}`);
  }
  /* The keeper lives, and has all that is spoken by. */
  for (const { label, kind, details } of eventsOn(host.control))
    if (kind === 'lost') faults.push(`${label} has lost ${details.join(' ')}`);
  for (const label of ['still', 'told', 'heard', 'piped'])
    if (book.of(label).at(-1)?.pid !== before.get(label)) faults.push(`${label} was not left alone`);
  const undone = book.lives.filter(({ label, isBeside }) => label === 'set' && isBeside).length;
  if (undone < 1) faults.push('what set had done was not undone');
  const [gone, above] = [book.of('gone').at(-1)?.endedAtMs, book.of('gone/above').at(-1)?.endedAtMs];
  if (gone === undefined || above === undefined || gone < above)
    faults.push('what is gone went in the wrong order');
  return faults;
}

/** The answer, as far as it came. */
async function tryToAsk(host: VirtualHost, line: string): Promise<readonly string[] | undefined> {
  const client = host.reach(line);
  client?.sayAll();
  return client?.rest();
}

/** Everything comes to rest. */
async function rest(host: VirtualHost): Promise<void> {
  const untilMs = host.control.nowMs() + REST_MS;
  await host.until(() => host.control.nowMs() >= untilMs);
  await host.untilAnswers();
}
