import type { Effect, ToldEvent } from '../supervisor/effect.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import type { Sys } from '../sys/sys.ts';
import { runOnExit } from './on-exit.ts';
import { isDown } from './outcome.ts';
import type { Processes } from './processes.ts';
import type { StandardStreams } from './standard-streams.ts';
import type { UnitCommands } from './unit-commands.ts';
import type { UnitRecord } from './unit-record.ts';

/** Who carries out what a step asks for, and how what comes of it gets back. */
export interface Workshop {
  readonly sys: Sys;
  readonly streams: StandardStreams;
  readonly processes: Processes;
  readonly commands: UnitCommands;
  /** Puts an event into the mailbox. */
  post(record: UnitRecord, event: UnitEvent): void;
  /** Runs the action when the step that is under way is over. */
  afterwards(action: () => void): void;
}

/** Phase two of each step: the effects become calls of the system door; their outcomes come back as events. */
export class Interpreter {
  readonly #shop: Workshop;

  constructor(shop: Workshop) {
    this.#shop = shop;
  }

  /** Carries out one effect of a step that has been written down. */
  carryOut(record: UnitRecord, effect: Effect): void {
    const { processes } = this.#shop;
    switch (effect.kind) {
      case 'spawn':
        processes.spawn(record, effect.generation);
        return;
      case 'signal':
        processes.signal(record, effect);
        return;
      case 'kill':
        processes.kill(record, effect.generation);
        return;
      case 'set-timer':
        this.#setTimer(record, effect);
        return;
      case 'cancel-timer':
        record.timers.get(effect.timer)?.();
        record.timers.delete(effect.timer);
        return;
      case 'probe':
      case 'find-main':
      case 'run-command':
      case 'kill-command':
        record.configured?.carryOut(effect, record.pid);
        return;
      case 'tell': // it was told before
        return;
    }
  }

  #setTimer(record: UnitRecord, { timer, atMs, due }: Extract<Effect, { kind: 'set-timer' }>): void {
    const { timers } = record;
    timers.get(timer)?.();
    const cancel = this.#shop.sys.timers.at(atMs, () => {
      timers.delete(timer);
      this.#shop.post(record, due);
    });
    timers.set(timer, cancel);
  }

  /** Runs what is to be run at each end: after the step, which may yet ask for the next generation. */
  ended(record: UnitRecord, { pid, end }: Extract<ToldEvent, { kind: 'exited' }>): void {
    const { streams, commands } = this.#shop;
    const words = record.configured?.onExit ?? record.onExit;
    const { launch, label } = record;
    const unit = record.besideOf ?? record;
    if (words === undefined || launch === undefined) return;
    const { nothing } = streams;
    const to = { input: nothing, output: unit.output?.write ?? nothing };
    const reason = record.stoppedFor ?? end.kind;
    unit.exitCommands += 1;
    this.#shop.afterwards(() => {
      runOnExit(commands, words, launch, to, { label, pid, end, reason }, () => {
        unit.exitCommands -= 1;
        this.rest(unit);
      });
    });
  }

  /** Of what is down nothing more comes, once what is run at its end has ended too. */
  rest(record: UnitRecord): void {
    if (!isDown(record) || record.beside !== undefined || record.besideOf !== undefined) return;
    if (record.exitCommands === 0) this.#shop.streams.rest(record);
    if (record.unit.spec.origin === 'run') this.#shop.streams.closeGiven(record);
  }
}
