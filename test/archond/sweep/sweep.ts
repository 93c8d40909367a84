import type { Control } from '../../../src/sys/fake/control.ts';
import { dieIn, type Deaths, type Played } from '../stage/deaths.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { endFaults, eventsOn, numberFaults, outputFaults, storyFaults } from './checker.ts';
import { Ledger } from './ledger.ts';
import { installMachine, UNITS } from './machine.ts';
import { Player } from './player.ts';
import { play } from './scenario.ts';

/** A day and its deaths. */
export interface Fate extends Deaths {
  /** The wall clock is set to and fro while all goes on. */
  readonly isClockSet?: boolean;
}

/** So often, and by so much at most: what is kept of events goes by that clock. */
const SET_EVERY_MS = 70;
const SET_BY_MS = 3_600_000;

/** Sets the wall clock forward and back again and again, never by the same. */
function setClock(control: Control): void {
  const { loop } = control.kernel;
  let times = 0;
  const set = (): void => {
    times += 1;
    control.stepWallClockMs((times % 2 === 0 ? -1 : 1) * (SET_BY_MS / (1 + (times % 7))));
    if (!control.keeper.gone) loop.schedule(loop.nowMs() + SET_EVERY_MS, set);
  };
  set();
}

/** Plays the scenario with these deaths, and has it checked. */
export async function playWith(fate: Fate, tree: 'cgroup' | 'minder'): Promise<Played> {
  const { control, faults } = await playDay(tree, {
    isClockSet: fate.isClockSet === true,
    atBirth: (born, life) => {
      dieIn(life, fate, born);
    },
  });
  return { calls: control.calls, killedAt: control.killedAt, faults };
}

/** What a day is played with. */
export interface DayOptions {
  readonly isClockSet?: boolean;
  /** Called for each archond that is started, before it makes a call. */
  readonly atBirth?: (control: Control, life: number) => void;
  /** Whether a line of archond's own log, or the answer to an order, is of a fault that was asked for. */
  readonly isOfFault?: (text: string) => boolean;
  readonly slackMs?: number;
  /** See `VirtualOptions`. */
  readonly hasDelays?: boolean;
}

/** So many answers at most may be refusals for the sake of a fault. */
const MOST_PARDONS = 20;

/** Plays the scenario on a machine of its own; what is wrong with how it went. */
export async function playDay(
  tree: 'cgroup' | 'minder',
  { isClockSet = false, atBirth, isOfFault = () => false, slackMs, hasDelays = false }: DayOptions,
): Promise<{ readonly control: Control; readonly host: VirtualHost; readonly faults: readonly string[] }> {
  let ledger: Ledger | undefined;
  const host = await VirtualHost.before(UNITS, {
    tree,
    hasDelays,
    atBirth: (control, life) => {
      if (ledger === undefined) {
        ledger = new Ledger(control);
        installMachine(control, ledger);
        if (isClockSet) setClock(control);
      }
      atBirth?.(control, life);
    },
  });
  const { control } = host;
  const book = ledger ?? new Ledger(control);
  const player = new Player(host, book);
  if (slackMs !== undefined) player.slackMs = slackMs;
  let pardons = 0;
  player.pardons = (lines) => {
    if (lines.at(-1)?.startsWith('Error,') !== true || !isOfFault(lines.join('\n'))) return false;
    pardons += 1;
    return pardons <= MOST_PARDONS;
  };
  const stuck: string[] = [];
  try {
    await play(player);
  } catch (error) {
    stuck.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const events = eventsOn(control);
  const followed = player.followed.map(({ sequence }) => sequence);
  const said = host.faults.filter((text) => !isOfFault(text));
  /* An archond that has said of what it dies may do so; the next one has to be whole. */
  const isFatal = said.length < host.faults.length;
  const faults = [
    ...stuck,
    ...said.filter((text) => !(isFatal && text === 'archond has ended with 1')),
    ...player.faults,
    ...book.faults,
    ...numberFaults(events),
    ...numberFaults(player.followed).map((fault) => `to the follower: ${fault}`),
    ...(followed.length <= events.length ? [] : ['the follower was told of what was never written']),
    ...endFaults(book, events),
    ...storyFaults(events),
    ...outputFaults(book, control),
    ...control.leftOpen.map((open) => `left open: ${open}`),
  ];
  return { control, host, faults };
}
