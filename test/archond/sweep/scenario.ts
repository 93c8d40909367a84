import { FAILURES, LATE_MS, PATIENCE_MS, WAITS_MS } from './machine.ts';
import { timeFault } from './checker.ts';
import { CLOSING, type Player } from './player.ts';

const MOST_WAITS = 10;
/** A Run whose client went away with archond goes on for so long. */
const UNCLAIMED_MS = 60_000;

/** What all units are when everything has been played, and at rest. */
const AT_REST: Readonly<Record<string, string>> = {
  app: 'running',
  base: 'running',
  flaky: 'running',
  late: 'running',
  setup: 'finished',
  spare: 'running',
  stubborn: 'running',
  web: 'running',
};

/**
 * A day of a supervisor, with something of everything that it does: bring-up with readiness, needs, backoff and a start
 * that comes too late; daemons and Runs of all kinds; orders; stops that need patience; a crash; the end of everything.
 * While anything waits for its time, somebody looks, so that there is something to die at.
 */
export async function play(player: Player): Promise<void> {
  await bringUp(player);
  await runs(player);
  await daemons(player);
  await orders(player);
  await crash(player);
  await rest(player);
  await shutdown(player);
}

async function bringUp(player: Player): Promise<void> {
  for (let look = 0; look < 4; look += 1) {
    await player.pass(230);
    await player.insist('List');
  }
  for (const [label, state] of Object.entries(AT_REST))
    if (label !== 'spare') await player.expect(`Wait,${label},@for=${state},@timeout=1m`, /^Ok$/);
  /* A start that was refused counts as a failure, and makes the waits behind it longer. */
  for (let wait = 0; wait < MOST_WAITS && player.ledger.of('flaky').length <= FAILURES; wait += 1)
    await player.pass(player.slackMs / 2);
  const lives = player.ledger.of('flaky');
  if (lives.length !== FAILURES + 1) player.faults.push(`flaky was started ${lives.length} times`);
  lives.slice(1).forEach(({ bornAtMs }, at) => {
    const what = `restart ${at + 1} of flaky`;
    player.faults.push(...timeFault(what, lives[at]?.endedAtMs, bornAtMs, WAITS_MS[at] ?? 0, player.slackMs));
  });
  const [late] = player.ledger.of('late');
  player.faults.push(
    ...timeFault('the end of late', late?.bornAtMs, late?.endedAtMs, LATE_MS, player.slackMs),
  );
}

/** The code of a Run, also where its answer was lost: then whoever waits for it is told. */
async function runToEnd(player: Player, label: string, line: string, code: number): Promise<void> {
  const count = player.ledger.of(label).length;
  await player.order(line, new RegExp(`^ExitStatus,${code}$`), async () => {
    const lines = await player.insist(`Wait,${label}`);
    if (lines.at(-1)?.endsWith('not-found') === true && player.ledger.of(label).length === count)
      return false;
    player.check(`Wait,${label} for a Run that was lost`, lines, new RegExp(`^ExitStatus,${code}$`));
    return true;
  });
}

async function runs(player: Player): Promise<void> {
  await runToEnd(player, 'heard', 'Run,/usr/bin/done 7 30,@label=heard', 7);

  /* While it has its time somebody looks. */
  const looked = player.pass(500).then(async () => player.insist('List'));
  await runToEnd(player, 'timed', 'Run,/usr/bin/stays,@label=timed,@timeout=1s', 124);
  await looked;
  const timed = player.ledger.of('timed').at(-1);
  player.faults.push(
    ...timeFault('the end of timed', timed?.bornAtMs, timed?.endedAtMs, 1000, player.slackMs),
  );

  await keptRun(player);
  await leftRun(player);
}

/** Sends a Run and goes away as soon as its process is there; again where it never came to be. */
async function leave(player: Player, label: string, line: string): Promise<void> {
  const { ledger, host } = player;
  while (ledger.of(label).length === 0) {
    const { lives } = host;
    using client = await player.begin(line);
    player.mustGoOn();
    if (client === undefined) continue;
    const isRefused = (): boolean => client.isGone || client.peek(CLOSING) !== undefined;
    await host.until(() => ledger.of(label).length > 0 || host.lives > lives || isRefused());
    if (host.lives > lives) await player.insist('List');
    else if (ledger.of(label).length === 0) await player.pass(50);
  }
}

async function keptRun(player: Player): Promise<void> {
  await leave(player, 'kept', 'Run,/usr/bin/done 3 40,@label=kept,@keep=1');
  await player.expect('Wait,kept', /^ExitStatus,3$/);
}

/** Its end comes at once, or when nobody has asked for it for a while. */
async function leftRun(player: Player): Promise<void> {
  let lives = player.host.lives;
  await leave(player, 'left', 'Run,/usr/bin/stays,@label=left');
  const left = player.ledger.of('left').at(-1);
  await player.pass(20);
  /* Each archond gives it that time anew: its client has to find that one first. */
  while (player.host.lives > lives) {
    lives = player.host.lives;
    await player.pass(UNCLAIMED_MS);
  }
  if (left?.end !== 'signal=SIGTERM')
    player.faults.push(`the Run that was left is ${left?.end ?? 'still there'}`);
}

async function startDaemon(player: Player, label: string, command: string): Promise<void> {
  const count = player.ledger.of(label).length;
  await player.order(`StartDaemon,${command},@label=${label}`, new RegExp(`^Ok,${label},\\d+$`), async () => {
    const isThere = (await player.units()).has(label);
    if (!isThere && player.ledger.of(label).length > count)
      player.faults.push(`${label} was started, and nobody knows it`);
    return isThere;
  });
}

async function daemons(player: Player): Promise<void> {
  await startDaemon(player, 'one', '/usr/bin/stays');
  await startDaemon(player, 'two', '/usr/bin/parent');
  const pid = (await player.units()).get('one')?.[1];
  const ended = async (): Promise<boolean> => (await player.units()).get('one')?.[1] !== pid;
  await player.order('Signal,TERM,one', /^Ok,1$/, ended);
  await player.expect('Wait,one', /^ExitStatus,143$/);
  await player.expect('Start,one', /^Ok,1$/);
  await player.expect('Forget,one', /busy$/);
  await player.expect('Stop,one', /^Ok,1$/);
  await forget(player, 'one');
  await player.expect('Stop,two', /^Ok,1$/);
  await forget(player, 'two');
}

async function forget(player: Player, label: string): Promise<void> {
  await player.order(`Forget,${label}`, /^Ok,1$/, async () => !(await player.units()).has(label));
}

async function restart(player: Player, label: string): Promise<void> {
  const pid = (await player.units()).get(label)?.[1];
  await player.order(`Restart,${label}`, /^Ok,\d+$/, async () => {
    await player.expect(`Wait,${label},@for=running,@timeout=1m`, /^Ok$/);
    return (await player.units()).get(label)?.[1] !== pid;
  });
  const now = (await player.units()).get(label);
  if (now?.[0] !== 'running' || now[1] === pid)
    player.faults.push(`${label} was restarted from ${pid ?? ''} and is ${now?.join(' ') ?? ''}`);
}

async function orders(player: Player): Promise<void> {
  await restart(player, 'app');
  await player.expect('Wait,web,@for=running,@timeout=1m', /^Ok$/);

  const looked = player.pass(PATIENCE_MS / 2).then(async () => player.insist('List'));
  await player.expect('Stop,stubborn', /^Ok,1$/);
  await looked;
  const stopped = player.ledger.of('stubborn').at(-1);
  player.faults.push(
    ...timeFault('the stop of stubborn', stopped?.terms[0], stopped?.endedAtMs, PATIENCE_MS, player.slackMs),
  );
  if (stopped?.end !== 'signal=SIGKILL') player.faults.push(`stubborn ended with ${stopped?.end}`);
  await player.expect('Start,stubborn', /^Ok,1$/);

  await player.expect('Stop,setup,@force=1', /^Ok,\d+$/);
  await player.expect('Wait,web,@for=waiting,@timeout=1m', /^Ok$/);
  await player.expect('Start,setup', /^Ok,1$/);
  await player.expect('Wait,web,@for=running,@timeout=1m', /^Ok$/);

  await player.expect('Disable,flaky', /^Ok,\d+/);
  await player.expect('Enable,spare', /^Ok,\d+/);
  await player.expect('Start,spare', /^Ok,1$/);
}

/** What it needs takes all down that need it, and they come back. */
async function crash(player: Player): Promise<void> {
  const pids = await player.units();
  const [, pid] = pids.get('base') ?? [];
  await player.order('Signal,KILL,base', /^Ok,1$/, async () => {
    await player.pass(20);
    return (await player.units()).get('base')?.[1] !== pid;
  });
  for (const label of ['base', 'app', 'web']) {
    const before = player.ledger.lives.find((life) => String(life.pid) === pids.get(label)?.[1]);
    await player.host.until(() => before?.endedAtMs !== undefined);
    await player.expect(`Wait,${label},@for=running,@timeout=1m`, /^Ok$/);
  }
}

/** Nothing moves any more, and everything is as it should be. */
async function rest(player: Player): Promise<void> {
  /* The record of a Run stays for a while where archond died before it knew that its code was told. */
  const isLeftOver = (label: string, state: string): boolean =>
    ['heard', 'timed', 'kept', 'left'].includes(label) && /^(?:finished|failed|stopped)$/.test(state);
  const units = [...(await player.units())].filter(([label, [state]]) => !isLeftOver(label, state));
  const states = Object.fromEntries(units.map(([label, [state]]) => [label, state]));
  const [told, should] = [JSON.stringify(states), JSON.stringify(AT_REST)];
  if (told !== should) player.faults.push(`at rest they are ${told}`);
  const present = Object.entries(AT_REST).flatMap(([label, state]) =>
    state === 'finished' ? [] : label === 'app' ? [label, 'app (forked)'] : [label],
  );
  const there = player.ledger.present.join(', ');
  if (there !== present.sort().join(', ')) player.faults.push(`at rest there are ${there}`);
}

async function shutdown(player: Player): Promise<void> {
  const { host } = player;
  while (!host.isOver) {
    const lines = await player.ask('Shutdown');
    if (lines === undefined || (await player.isRefused(lines))) continue;
    player.check('Shutdown', lines, /^Ok$/);
    break;
  }
  await host.until(() => host.control.keeper.gone);
  await player.follow();
  const there = player.ledger.present.join(', ');
  if (there !== '') player.faults.push(`when all is over there are ${there}`);
}
