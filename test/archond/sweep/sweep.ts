import type { Control } from '../../../src/sys/fake/control.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { endFaults, eventsOn, numberFaults, storyFaults } from './checker.ts';
import { Ledger } from './ledger.ts';
import { installMachine, UNITS } from './machine.ts';
import { Player } from './player.ts';
import { play } from './scenario.ts';

/** Where archond dies: at the n-th call of its first life, and at the m-th of the one after. */
export interface Deaths {
  readonly first?: number;
  readonly second?: number;
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

/** What came of a day with these deaths. */
export interface Played {
  /** How many calls of `Sys` were made. */
  readonly calls: number;
  /** At which call the last death was. */
  readonly killedAt: string | undefined;
  readonly faults: readonly string[];
}

/** Plays the scenario with these deaths, and has it checked. */
export async function playWith(deaths: Deaths, tree: 'cgroup' | 'minder' = 'cgroup'): Promise<Played> {
  let ledger: Ledger | undefined;
  const host = await VirtualHost.before(UNITS, {
    tree,
    atBirth: (control, life) => {
      if (ledger === undefined) {
        ledger = new Ledger(control);
        installMachine(control, ledger);
        if (deaths.isClockSet === true) setClock(control);
      }
      const at = life === 1 ? deaths.first : life === 2 ? deaths.second : undefined;
      if (at !== undefined) control.killArchondAtCall(at);
    },
  });
  const { control } = host;
  const book = ledger ?? new Ledger(control);
  const player = new Player(host, book);
  const stuck: string[] = [];
  try {
    await play(player);
  } catch (error) {
    stuck.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const events = eventsOn(control);
  const followed = player.followed.map(({ sequence }) => sequence);
  const faults = [
    ...stuck,
    ...host.faults,
    ...player.faults,
    ...book.faults,
    ...numberFaults(events),
    ...numberFaults(player.followed).map((fault) => `to the follower: ${fault}`),
    ...(followed.length <= events.length ? [] : ['the follower was told of what was never written']),
    ...endFaults(book, events),
    ...storyFaults(events),
    ...control.leftOpen.map((open) => `left open: ${open}`),
  ];
  return { calls: control.calls, killedAt: control.killedAt, faults };
}
