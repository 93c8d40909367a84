import type { End } from '../supervisor/state.ts';
import type { Descriptor, ProcessEntry, ProcessRef, Sys } from '../sys/sys.ts';
import { spawnOrder, type Launch } from './launch.ts';

/** What a unit's tree is told apart by from that of a command beside it: see `tags.ts`. */
const AUXILIARY = 0xa0n;
/** It goes on where archond dies, and is not killed by the next one. */
const LASTS = 1n;

/** A command that a unit needs beside its process: a probe, a stop command, what is done at its end. */
export interface UnitCommand {
  /** Of the unit that it is for. */
  readonly label: string;
  readonly launch: Launch;
  /** Takes its standard output and error; it stays the caller's. */
  readonly output: Descriptor;
  readonly input: Descriptor;
  /** It is not ended by the death of archond, of which its end is not told then. */
  readonly lasts?: boolean;
}

/** A command that is under way. */
export interface Running {
  /** SIGKILL to all of it; the end is told all the same. */
  kill(): void;
}

interface Tracked {
  readonly done: (end: End) => void;
  ref: ProcessRef | undefined;
  isKilled: boolean;
}

/** Whether the entry is of such a command, and not of a unit. */
export function isUnitCommand({ tags }: ProcessEntry): boolean {
  return (tags[0] & 0xffn) === AUXILIARY;
}

/**
 * Commands beside the processes of units: each in a tree of its own, of which nothing is left when its
 * end is told. They are no units: no record, no event, no restart.
 */
export class UnitCommands {
  readonly #sys: Sys;
  readonly #takeGeneration: () => number;
  readonly #soon: (spawn: () => void) => void;
  readonly #byGeneration = new Map<number, Tracked>();
  /** Commands that an earlier archond had started, are being killed, and not gone yet: how many, by the unit's label. */
  readonly #leftovers = new Map<string, number>();
  /** What is to be run when they are gone. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /**
   * @param takeGeneration the number of the next spawn
   * @param soon calls back when the spawns that have a number already have been asked for: the keeper takes them in
   *   their order only
   */
  constructor(sys: Sys, takeGeneration: () => number, soon: (spawn: () => void) => void) {
    this.#sys = sys;
    this.#takeGeneration = takeGeneration;
    this.#soon = soon;
  }

  /** Starts one; `done` is called once, after this call has returned, when nothing of it is left. */
  run(command: UnitCommand, done: (end: End) => void): Running {
    const tracked: Tracked = { done, ref: undefined, isKilled: false };
    this.#soon(() => {
      this.#whenAlone(command.label, () => {
        this.#spawn(command, tracked);
      });
    });
    return {
      kill: () => {
        tracked.isKilled = true;
        const { ref } = tracked;
        if (ref !== undefined && this.#byGeneration.has(ref.generation)) this.#kill(ref);
      },
    };
  }

  /** No command is run beside one that an earlier archond had run for the same unit. */
  #whenAlone(label: string, spawn: () => void): void {
    if (this.#leftovers.has(label)) this.#waiting.set(label, [...(this.#waiting.get(label) ?? []), spawn]);
    else spawn();
  }

  #isGone(label: string): void {
    const left = (this.#leftovers.get(label) ?? 0) - 1;
    if (left > 0) {
      this.#leftovers.set(label, left);
      return;
    }
    this.#leftovers.delete(label);
    const waiting = this.#waiting.get(label) ?? [];
    this.#waiting.delete(label);
    for (const spawn of waiting) this.#soon(spawn);
  }

  #spawn({ label, launch, output, input, lasts = false }: UnitCommand, tracked: Tracked): void {
    const generation = this.#takeGeneration();
    this.#byGeneration.set(generation, tracked);
    const descriptors = [
      { from: input, to: 0 },
      { from: output, to: 1 },
      { from: output, to: 2 },
    ];
    const tags = [AUXILIARY | ((lasts ? LASTS : 0n) << 8n), 0n] as const;
    this.#sys.keeper.spawn(spawnOrder(launch, label, generation, descriptors, tags, {}), (answer) => {
      if (!answer.ok) {
        this.#byGeneration.delete(generation);
        const { stage = 'fork', code, errno } = answer.error;
        tracked.done({ kind: 'not-executed', stage, errno, code });
        return;
      }
      tracked.ref = { index: answer.value.index, generation };
      if (tracked.isKilled) this.#kill(tracked.ref);
    });
  }

  /** The keeper told of a process; true where it is of such a command. */
  changed(ref: ProcessRef): boolean {
    const tracked = this.#byGeneration.get(ref.generation);
    if (tracked === undefined) return false;
    tracked.ref ??= ref;
    const entry = this.#sys.keeper.entry(ref);
    if (entry !== undefined) this.#follow(entry, tracked);
    return true;
  }

  /** What an earlier archond had started: nobody waits for it any more. */
  adopt(entry: ProcessEntry): void {
    const { index, generation, label } = entry;
    const lasts = ((entry.tags[0] >> 8n) & LASTS) !== 0n;
    const isKilled = !lasts && entry.state !== 'empty';
    const done = isKilled ? () => this.#isGone(label) : () => undefined;
    const tracked: Tracked = { done, ref: { index, generation }, isKilled };
    this.#byGeneration.set(generation, tracked);
    if (isKilled) {
      this.#leftovers.set(label, (this.#leftovers.get(label) ?? 0) + 1);
      this.#kill(entry);
    }
    this.#follow(entry, tracked);
  }

  #follow(entry: ProcessEntry, { done }: Tracked): void {
    if (entry.state === 'exited') {
      /* What it has left behind has no business of its own. */
      this.#kill(entry);
    } else if (entry.state === 'empty') {
      this.#byGeneration.delete(entry.generation);
      this.#sys.keeper.acknowledge(entry, 'empty');
      this.#sys.keeper.free(entry, () => undefined);
      done(entry.end ?? { kind: 'unknown' });
    }
  }

  #kill(ref: ProcessRef): void {
    this.#sys.keeper.kill(ref, () => undefined);
  }
}
