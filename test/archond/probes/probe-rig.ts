import { expect } from 'vitest';
import { LogWriters } from '../../../src/archond/logs/log-writers.ts';
import type { Health, Readiness } from '../../../src/config/probe.ts';
import { ok } from '../../../src/base/result.ts';
import type { Launch } from '../../../src/archond/launch.ts';
import { DeferredLog } from '../../../src/archond/log.ts';
import { UnitProbes, type ProbeEvent } from '../../../src/archond/probes/unit-probes.ts';
import { UnitCommands } from '../../../src/archond/unit-commands.ts';
import { UnitOutput } from '../../../src/archond/unit-output.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys } from '../../../src/sys/fake/fake-sys.ts';
import type { FakeProcess, Program } from '../../../src/sys/fake/process.ts';
import type { Spawned, Sys } from '../../../src/sys/sys.ts';

const RUNTIME = '/run/archon';
const LOG = '/run/archon/unit.log';

/** One unit with its probes over the fake: its process runs `program`. */
export class ProbeRig {
  readonly sys: Sys;
  readonly control: Control;
  readonly commands: UnitCommands;
  readonly probes: UnitProbes;
  readonly told: ProbeEvent[] = [];
  readonly output: UnitOutput;
  generation = 0;
  spawned: Spawned | undefined;
  #program: Program | undefined;

  constructor(ready: Readiness, health?: Health, pidFile?: string) {
    const { sys, control } = createFakeSys();
    this.sys = sys;
    this.control = control;
    control.kernel.files.makeFolders(RUNTIME, 0o755, 0);
    this.commands = new UnitCommands(
      sys,
      () => sys.keeper.lastGeneration() + 1,
      (spawn) => {
        spawn();
      },
    );
    sys.keeper.listen({
      changed: (ref) => void this.commands.changed(ref),
      signalled: () => undefined,
      orphaned: () => undefined,
      gone: () => expect.fail('the keeper is gone'),
    });
    sys.keeper.hello(() => undefined);
    const made = UnitOutput.make(sys, 0, {
      label: 'unit',
      generation: 1,
      path: LOG,
      failed: () => undefined,
      notHeld: () => undefined,
      recovered: () => undefined,
      keeping: {},
      writers: new LogWriters(),
    });
    const nothing = sys.descriptors.openNull();
    if (!made.ok || !nothing.ok) throw new Error('no output');
    this.output = made.value;
    control.install('/bin/unit', (self) => this.#program?.(self));
    const launch: Launch = { words: ['/bin/unit'], env: new Map(), cwd: '/' };
    this.probes = new UnitProbes(
      { sys, log: new DeferredLog(), commands: this.commands, runtimeDir: RUNTIME, nothing: nothing.value },
      {
        label: 'unit',
        ready,
        health,
        pidFile,
        launch: () => ok(launch),
        logPath: LOG,
        output: () => this.output,
        tell: (event) => this.told.push(event),
      },
    );
    control.settle();
  }

  /** Prepares and spawns a generation, and waits for it as the core does. */
  start(program: Program): FakeProcess {
    this.#program = program;
    this.generation = this.sys.keeper.lastGeneration() + 1;
    const given = this.probes.prepare(this.generation, 0);
    if (!given.ok) throw new Error(given.error.code);
    const word = Buffer.from('/bin/unit');
    const order = {
      generation: this.generation,
      label: 'unit',
      argv: [word],
      paths: [word],
      env: given.value.env.map(([name, value]) => Buffer.from(`${name}=${value}`)),
      descriptors: [{ from: this.output.write, to: 1 }, ...given.value.descriptors],
    };
    this.sys.keeper.spawn(order, (answer) => {
      if (!answer.ok) expect.fail(answer.error.code);
      this.spawned = answer.value;
      this.probes.spawned(answer.value, answer.value.pid);
    });
    this.control.settle();
    this.probes.watch(this.generation, 'ready');
    this.control.settle();
    const pid = this.spawned?.pid ?? -1;
    return this.control.process(pid) ?? expect.fail('it has no process');
  }

  /** The kinds of what was told. */
  get kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }

  /** A process of the unit, or another, says this on the unit's socket. */
  say(text: string, who: FakeProcess): void {
    const path = `${RUNTIME}/notify.${String(this.generation)}`;
    expect(this.control.kernel.notify(who, path, text)).toBe(true);
    this.control.settle();
  }

  /** Nothing of the generation is left; the rig checks that nothing of its probes is. */
  end(): void {
    this.probes.over(this.generation);
    this.output.discard();
    this.control.settle();
    const left = this.control.openDescriptors().filter((line) => !line.includes('openNull'));
    expect(left).toEqual([]);
    expect(this.control.kernel.files.node(`${RUNTIME}/notify.${String(this.generation)}`)).toBeUndefined();
  }
}
