import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { comesBack, ended, running, stopped, type Daemon, type Daemons, type Policy } from './daemons.ts';
import { LABELS, type Label, type World } from './world.ts';

type Deed = fc.AsyncCommand<Daemons, World>;

/** A deed by its name in reports, and what it does to model and world alike. */
function deed(name: string, run: (daemons: Daemons, world: World) => Promise<void>): Deed {
  return {
    check: () => true,
    run: async (daemons, world) => {
      await run(daemons, world);
      await world.expectIs(daemons);
    },
    toString: () => name,
  };
}

const notFound = (label: Label): string[] => [`Error,there is no unit ${label},not-found`];

function startDaemon(label: Label, policy: Policy): Deed {
  return deed(`StartDaemon ${label} ${policy}`, async (daemons, world) => {
    const before = daemons.get(label);
    const [answer = ''] = await world.ask(
      `StartDaemon,${world.commandOf(label)},@label=${label},@restart=${policy}`,
    );
    if (before?.state === 'running') {
      expect(answer).toMatch(/^Error,.*,busy$/);
      return;
    }
    const [, pid = ''] = new RegExp(`^Ok,${label},(\\d+)$`).exec(answer) ?? [];
    expect(pid, answer).not.toBe('');
    daemons.set(label, running(policy, Number(pid), undefined));
  });
}

/** An order to one label, and the pid that is there afterwards where it is up. */
async function order(
  verb: string,
  label: Label,
  daemons: Daemons,
  world: World,
): Promise<Daemon | undefined> {
  const before = daemons.get(label);
  const lines = await world.ask(`${verb},${label}`);
  if (before === undefined) expect(lines).toEqual(notFound(label));
  else expect(lines).toEqual([`Done,${label},${verb === 'Stop' ? 'stopped' : 'running'}`, 'Ok,1']);
  return before;
}

function start(label: Label): Deed {
  return deed(`Start ${label}`, async (daemons, world) => {
    const before = await order('Start', label, daemons, world);
    if (before === undefined || before.pid !== undefined) return;
    daemons.set(label, running(before.policy, await world.pidOf(label), before.lastExit));
  });
}

function restart(label: Label): Deed {
  return deed(`Restart ${label}`, async (daemons, world) => {
    const before = await order('Restart', label, daemons, world);
    if (before === undefined) return;
    const pid = await world.pidOf(label);
    expect(pid).not.toBe(before.pid);
    daemons.set(label, running(before.policy, pid, stopped(before).lastExit));
  });
}

function stop(label: Label): Deed {
  return deed(`Stop ${label}`, async (daemons, world) => {
    const before = await order('Stop', label, daemons, world);
    if (before !== undefined) daemons.set(label, stopped(before));
  });
}

/** Its process ends by itself, or is killed by somebody: the exit is told, and what is to come back does. */
function end(
  label: Label,
  name: string,
  code: number,
  how: (world: World, pid: number) => Promise<void>,
): Deed {
  return deed(`${name} ${label}`, async (daemons, world) => {
    const before = daemons.get(label);
    if (before?.pid === undefined) return;
    const { answer } = await world.begin(`#w,Wait,${label}`);
    await how(world, before.pid);
    expect(await answer).toEqual([`#w,ExitStatus,${code}`]);
    if (!comesBack(before, code)) {
      daemons.set(label, ended(before, code));
      return;
    }
    /* The process of before may still be the one that is shown; its pid is not given again so soon. */
    let pid = before.pid;
    while (pid === before.pid) {
      expect(await world.ask(`Wait,${label},@for=running`)).toEqual(['Ok']);
      pid = await world.pidOf(label);
    }
    daemons.set(label, running(before.policy, pid, code));
  });
}

const exit = (label: Label, code: number): Deed =>
  end(label, `exit ${code}`, code, async (world) => {
    await world.exit(label, code);
  });

const signal = (label: Label, name: string, number: number): Deed =>
  end(label, name, 128 + number, async (world) => {
    expect(await world.ask(`Signal,${name},${label}`)).toEqual(['Ok,1']);
  });

function wait(label: Label): Deed {
  return deed(`Wait ${label}`, async (daemons, world) => {
    const daemon = daemons.get(label);
    const lines = await world.ask(`Wait,${label},@timeout=1ms`);
    if (daemon === undefined) expect(lines).toEqual(notFound(label));
    else if (daemon.pid !== undefined) expect(lines[0]).toMatch(/^Error,.*,timed-out$/);
    else if (daemon.lastExit !== undefined) expect(lines).toEqual([`ExitStatus,${daemon.lastExit}`]);
  });
}

function forget(label: Label): Deed {
  return deed(`Forget ${label}`, async (daemons, world) => {
    const daemon = daemons.get(label);
    const lines = await world.ask(`Forget,${label}`);
    if (daemon === undefined) expect(lines).toEqual(notFound(label));
    else if (daemon.pid !== undefined) expect(lines[0]).toMatch(/^Error,.*,busy$/);
    else expect(lines).toEqual(['Ok,1']);
    if (daemon?.pid === undefined) daemons.delete(label);
  });
}

function run(label: Label, code: number): Deed {
  return deed(`Run ${label} ${code}`, async (daemons, world) => {
    const daemon = daemons.get(label);
    const lines = await world.ask(`Run,"sh -c 'exit ${code}'",@label=${label}`);
    /* A daemon's record stays until it is started again or forgotten. */
    if (daemon === undefined) expect(lines).toEqual([`ExitStatus,${code}`]);
    else expect(lines[0]).toMatch(daemon.pid === undefined ? /^Error,.*,conflict$/ : /^Error,.*,busy$/);
  });
}

/** The deciding part is killed: all stays as it is. */
const killDeciding: Deed = deed('kill archond', async (_daemons, world) => {
  await world.supervisor.killDeciding();
});

/** Orders that cross each other: each is answered, and there is never more than one process of a label. */
function crossing(label: Label, verbs: readonly string[]): Deed {
  return deed(`${verbs.join('+')} ${label}`, async (daemons, world) => {
    const daemon = daemons.get(label);
    if (daemon === undefined) return;
    const answered = world.ask(...verbs.map((verb, at) => `#${at},${verb},${label}`));
    const until = { isAnswered: false };
    answered.finally(() => (until.isAnswered = true)).catch(() => undefined);
    while (!until.isAnswered) {
      world.expectOneGeneration(label);
      await turn();
    }
    const lines = await answered;
    const closing = lines.filter((line) => /^#\d+,(?:Ok|Error)/.test(line)).map((line) => line.split(',')[0]);
    expect(closing.sort()).toEqual(verbs.map((_, at) => `#${at}`).sort());
    /* Whatever came first, a stop ends it. */
    await order('Stop', label, daemons, world);
    const [exit = ''] = await world.ask(`Wait,${label}`);
    const lastExit = /^ExitStatus,(\d+)$/.exec(exit)?.[1];
    daemons.set(label, {
      ...stopped(daemon),
      lastExit: lastExit === undefined ? undefined : Number(lastExit),
    });
  });
}

const label = fc.constantFrom(...LABELS);
const policy = fc.constantFrom<Policy>('never', 'on-failure', 'always');
const code = fc.constantFrom(0, 1, 7);
const verbs = fc.array(fc.constantFrom('Start', 'Stop', 'Restart'), { minLength: 2, maxLength: 4 });

/** Histories of up to so many deeds. */
export function histories(most: number): fc.Arbitrary<Iterable<Deed>> {
  return fc.commands(
    [
      fc.tuple(label, policy).map(([one, how]) => startDaemon(one, how)),
      fc.tuple(label, policy).map(([one, how]) => startDaemon(one, how)),
      label.map(start),
      label.map(stop),
      label.map(restart),
      fc.tuple(label, code).map(([one, how]) => exit(one, how)),
      label.map((one) => signal(one, 'KILL', 9)),
      label.map((one) => signal(one, 'TERM', 15)),
      label.map(wait),
      label.map(forget),
      fc.tuple(label, code).map(([one, how]) => run(one, how)),
      fc.tuple(label, verbs).map(([one, all]) => crossing(one, all)),
      fc.constant(killDeciding),
    ],
    { maxCommands: most, size: 'max' },
  );
}
