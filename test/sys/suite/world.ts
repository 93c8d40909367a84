import { expect } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import type * as sys from '../../../src/sys/sys.ts';
import type { Command, Facts, Harness, Implementation } from './harness.ts';

const ORDER: Readonly<Record<sys.EntryState, number>> = { starting: 1, running: 2, exited: 3, empty: 4 };

/** What a test asks for beside the command. */
export type OrderDetails = Partial<Omit<sys.SpawnOrder, 'argv' | 'paths'>>;

/** A pipe that takes what a process writes, and the file to which it is copied. */
export interface Capture {
  /** To be given to children as standard output. */
  readonly write: sys.Descriptor;
  readonly copying: sys.Copying;
  readonly path: string;
  /** What has come to the file so far. */
  readonly text: () => string;
}

/** One test's archond: it keeps account of what it was told, and takes everything back in the end. */
export class World {
  sys: sys.Sys;
  welcome: sys.Welcome | undefined;
  /** What `changed` said, in order. */
  told: { readonly ref: sys.ProcessRef; readonly state: sys.EntryState }[] = [];
  signals: { readonly signal: number; readonly count: number }[] = [];
  /** What `orphaned` said last. */
  orphans = 0;
  /** Where a test kills the keeper: told when that is heard of. */
  whenKeeperGone: (() => void) | undefined;
  readonly harness: Harness;
  readonly #atEnd: (() => void)[] = [];
  #descriptorsBefore = 0;
  #files = 0;

  private constructor(harness: Harness) {
    this.harness = harness;
    this.sys = harness.sys;
  }

  /** A keeper and an archond that has greeted it. */
  static async open(implementation: Implementation): Promise<World> {
    const world = new World(await implementation.make());
    try {
      await world.greet();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** Sets the listener and says hello. */
  async greet(): Promise<void> {
    this.sys.keeper.listen({
      changed: this.heard((ref: sys.ProcessRef, state: sys.EntryState) => this.told.push({ ref, state })),
      signalled: this.heard((signal: number, count: number) => this.signals.push({ signal, count })),
      orphaned: this.heard((sequence: number) => {
        this.orphans = sequence;
      }),
      gone: this.heard(() => {
        if (this.whenKeeperGone === undefined) throw new Error('the keeper is gone');
        this.whenKeeperGone();
      }),
    });
    this.welcome = await this.must<sys.Welcome>((done) => this.sys.keeper.hello(done));
    this.#descriptorsBefore = this.harness.openDescriptors();
  }

  /** Kills archond; its successor has greeted the keeper, and knows of nothing. */
  async restart(): Promise<void> {
    this.#atEnd.length = 0;
    this.sys = await this.harness.restart();
    this.told = [];
    this.signals = [];
    this.orphans = 0;
    await this.greet();
  }

  /** A callback that lets `until` look again. */
  heard<A extends unknown[]>(callback: (...given: A) => void): (...given: A) => void {
    return (...given) => {
      callback(...given);
      this.harness.ring();
    };
  }

  /** Waits until the condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (!(await this.harness.turn())) expect.fail(`waited in vain until ${what}`);
    }
  }

  /** Waits for the one answer to a request. */
  async ask<T>(start: (done: sys.Answer<T>) => void): Promise<Result<T, sys.Refusal>> {
    const answers: Result<T, sys.Refusal>[] = [];
    let inside = true;
    const done = this.heard((result: Result<T, sys.Refusal>) => {
      expect(inside, 'an answer comes after the call has returned').toBe(false);
      expect(answers, 'a request is answered once').toHaveLength(0);
      answers.push(result);
    });
    start(done);
    inside = false;
    await this.until(() => answers.length > 0, 'a request is answered');
    return answers[0] ?? expect.fail('no answer');
  }

  /** The value of a request that has to succeed. */
  async must<T>(start: (done: sys.Answer<T>) => void): Promise<T> {
    return value(await this.ask(start));
  }

  /** The errno of a request that has to be refused. */
  async refused<T>(start: (done: sys.Answer<T>) => void): Promise<string> {
    const result = await this.ask(start);
    if (result.ok) return expect.fail('a request was to be refused, and was carried out');
    return result.error.code;
  }

  /** An order with the next generation. */
  order(command: Command, details: OrderDetails = {}): sys.SpawnOrder {
    const generation = this.sys.keeper.lastGeneration() + 1;
    return { generation, label: 'test', env: [], descriptors: [], ...details, ...command };
  }

  /** Spawns; by default with nothing for its descriptors 0 to 2. */
  async spawn(command: Command, details: OrderDetails = {}): Promise<sys.Spawned> {
    return this.must<sys.Spawned>((done) => this.sys.keeper.spawn(this.order(command, details), done));
  }

  /** Waits until the spawn is *told* to have reached this state, or a later one. */
  async reached(ref: sys.ProcessRef, state: sys.EntryState): Promise<sys.ProcessEntry> {
    const isThere = (): boolean =>
      this.told.some((told) => told.ref.generation === ref.generation && ORDER[told.state] >= ORDER[state]);
    await this.until(isThere, `${ref.generation} is ${state}`);
    return this.entry(ref);
  }

  /** What the table says of a spawn that has to be in it. */
  entry(ref: sys.ProcessRef): sys.ProcessEntry {
    return this.sys.keeper.entry(ref) ?? expect.fail(`there is no entry ${ref.index} of ${ref.generation}`);
  }

  /** Spawns, waits until nothing of it is left, and says how it ended. */
  async endOf(command: Command, details: OrderDetails = {}): Promise<sys.ProcessEnd> {
    const entry = await this.reached(await this.spawn(command, details), 'empty');
    return entry.end ?? expect.fail('an entry that is empty has no end');
  }

  /** A new pipe that is copied to a new file. */
  capture(): Capture {
    const { read, write } = value(this.sys.output.pipe(this.#uid()));
    const path = `${this.harness.folder}/output-${++this.#files}`;
    const failed = this.heard((error: sys.SysError) => expect.fail(`output was not copied: ${error.code}`));
    const copying = this.sys.output.copy(read, path, 0o600, failed);
    this.#atEnd.push(() => copying.close());
    this.own(write);
    const text = (): string => Buffer.from(this.harness.readFile(path) ?? []).toString('latin1');
    return { write, copying, path, text };
  }

  /** Runs a command to its end and returns the bytes that it wrote, as Latin-1. */
  async outputOf(command: Command, details: OrderDetails = {}): Promise<string> {
    const { text, copying, write } = this.capture();
    const descriptors = [...(details.descriptors ?? []), { from: write, to: 1 }];
    const spawned = await this.spawn(command, { ...details, descriptors });
    const { end } = await this.reached(spawned, 'empty');
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(copying.drain()).toBe(true);
    return text();
  }

  /** What a command says of itself. */
  async facts(command: Command, details: OrderDetails = {}): Promise<Facts> {
    const [lines = '', descriptors = ''] = (await this.outputOf(command, details)).split('descriptors:\n');
    const facts = new Map(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => line.split('=', 2) as [string, string]),
    );
    return facts.set('descriptors', descriptors.trimEnd().split('\n').join(' '));
  }

  /** Closes this descriptor in the end. */
  own(descriptor: sys.Descriptor): sys.Descriptor {
    this.#atEnd.push(() => this.sys.descriptors.close(descriptor));
    return descriptor;
  }

  /** Does this in the end, what was said last first. */
  atEnd(action: () => void): void {
    this.#atEnd.push(action);
  }

  /** Kills and frees every spawn, closes what is open, and looks whether anything is left. */
  async finish(): Promise<void> {
    if (this.whenKeeperGone === undefined) {
      for (const entry of this.sys.keeper.entries()) await this.bury(entry);
      expect(this.sys.keeper.entries()).toEqual([]);
    }
    for (const action of this.#atEnd.splice(0).reverse()) action();
    const isClosed = (): boolean => this.harness.openDescriptors() <= this.#descriptorsBefore;
    await this.until(isClosed, 'no descriptor is open that was not before');
    this.#checkTold();
  }

  /** Takes a spawn out of the world. */
  async bury(ref: sys.ProcessRef): Promise<void> {
    await this.must<number>((done) => this.sys.keeper.kill(ref, done));
    await this.until(() => this.entry(ref).state === 'empty', `${ref.generation} is empty`);
    this.sys.keeper.acknowledge(ref, 'empty');
    await this.must<number>((done) => this.sys.keeper.free(ref, done));
    expect(this.sys.keeper.entry(ref)).toBe(undefined);
  }

  async close(): Promise<void> {
    await this.harness.close();
  }

  /** No spawn was ever told to have gone back. */
  #checkTold(): void {
    const last = new Map<number, number>();
    for (const { ref, state } of this.told) {
      expect(ORDER[state]).toBeGreaterThanOrEqual(last.get(ref.generation) ?? 0);
      last.set(ref.generation, ORDER[state]);
    }
  }

  #uid(): number {
    return process.getuid?.() ?? 0;
  }
}

/** The value of a call that has to succeed. */
export function value<T, E>(result: Result<T, E>): T {
  return result.ok ? result.value : expect.fail(`a call failed: ${JSON.stringify(result.error)}`);
}

/** The errno of a call that has to fail. */
export function errorOf(result: Result<unknown, { readonly code: string }>): string {
  return result.ok ? expect.fail('a call was to fail, and did not') : result.error.code;
}

/** A text as bytes. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Bytes as text, a character a byte. */
export function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1');
}
