import { expect } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys, type FakeOptions } from '../../../src/sys/fake/fake-sys.ts';
import type { Program } from '../../../src/sys/fake/process.ts';
import type * as sys from '../../../src/sys/sys.ts';

/** A fake whose archond has greeted its keeper, and short words for what tests of the fake do most. */
export class Rig {
  readonly control: Control;
  sys: sys.Sys;
  /** What archond was told since it began: `GENERATION STATE`, `signal NUMBER`, `orphan`, `gone`. */
  told: string[] = [];
  #commands = 0;

  constructor(options: FakeOptions = {}) {
    const { sys: first, control } = createFakeSys(options);
    this.control = control;
    this.sys = first;
    this.greet();
  }

  /** Listens, and says hello. */
  greet(): void {
    this.listen();
    const answers: boolean[] = [];
    this.sys.keeper.hello(({ ok }) => answers.push(ok));
    this.control.settle();
    /* What an earlier one has asked for comes first. */
    while (answers.length === 0 && this.control.advanceToNext());
    expect(answers).toEqual([true]);
  }

  listen(): void {
    this.sys.keeper.listen({
      changed: (ref, state) => this.told.push(`${ref.generation} ${state}`),
      signalled: (signal) => this.told.push(`signal ${signal}`),
      orphaned: () => this.told.push('orphan'),
      gone: () => this.told.push('gone'),
    });
  }

  /** Kills archond; the next one has greeted the keeper. */
  restart(): void {
    this.sys = this.control.restart();
    this.told = [];
    this.greet();
  }

  /** Makes a request and lets everything come to rest; the answer has to be there then. */
  ask<T>(start: (done: sys.Answer<T>) => void): Result<T, sys.Refusal> {
    const answers: Result<T, sys.Refusal>[] = [];
    start((result) => answers.push(result));
    this.control.settle();
    expect(answers).toHaveLength(1);
    return answers[0] ?? expect.fail('no answer');
  }

  /** The value of a request that has to succeed. */
  must<T>(start: (done: sys.Answer<T>) => void): T {
    const result = this.ask(start);
    return result.ok ? result.value : expect.fail(`refused: ${result.error.code}`);
  }

  /** The errno and the stage of a request that has to be refused. */
  refused<T>(start: (done: sys.Answer<T>) => void): string {
    const result = this.ask(start);
    return result.ok ? expect.fail('not refused') : `${result.error.code} ${result.error.stage ?? ''}`.trim();
  }

  /** An order for a program of its own, with the next generation. */
  order(program: Program, details: Partial<sys.SpawnOrder> = {}): sys.SpawnOrder {
    const path = `/bin/program-${++this.#commands}`;
    this.control.install(path, program);
    const generation = this.sys.keeper.lastGeneration() + 1;
    const words = [Buffer.from(path)];
    return { generation, label: 'test', argv: words, env: [], paths: words, descriptors: [], ...details };
  }

  /** Spawns and lets everything come to rest at this instant. */
  spawn(program: Program, details: Partial<sys.SpawnOrder> = {}): sys.Spawned {
    return this.must<sys.Spawned>((done) => this.sys.keeper.spawn(this.order(program, details), done));
  }

  /** The state of a spawn in the table. */
  state(ref: sys.ProcessRef): sys.EntryState | undefined {
    return this.sys.keeper.entry(ref)?.state;
  }

  /** How a spawn has ended. */
  end(ref: sys.ProcessRef): sys.ProcessEnd | undefined {
    return this.sys.keeper.entry(ref)?.end;
  }

  /** Sends a signal, and lets everything come to rest. */
  signal(ref: sys.ProcessRef, signal: number, scope: sys.SignalScope = 'main'): number {
    return this.must<number>((done) => this.sys.keeper.signal(ref, signal, scope, done));
  }

  kill(ref: sys.ProcessRef): void {
    this.must<number>((done) => this.sys.keeper.kill(ref, done));
  }
}
