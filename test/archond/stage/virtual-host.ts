import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { ok } from '../../../src/base/result.ts';
import { Archond } from '../../../src/archond/archond.ts';
import type { OwnProcess } from '../../../src/archond/own-process.ts';
import { LOADER } from '../../../src/archond/configuration.ts';
import type { Log } from '../../../src/archond/log.ts';
import type { Settings } from '../../../src/archond/settings.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys, type FakeOptions } from '../../../src/sys/fake/fake-sys.ts';
import { ArchondKilled } from '../../../src/sys/fake/misuse.ts';
import type { Sys } from '../../../src/sys/sys.ts';
import { load } from '../../config/rig.ts';
import type { Stage, Units } from './stage.ts';
import { VirtualClient } from './virtual-client.ts';
import { installPrograms } from './virtual-programs.ts';

const FOLDER = '/tmp/units';
const SETTINGS: Settings = {
  config: ['/etc/archon/archon.yaml'],
  socket: '/run/archon/socket',
  runtimeDir: '/run/archon',
  stateDir: '/var/lib/archon',
  logDir: '/var/log/archon',
  foreground: true,
  logLevel: 'debug',
  tree: 'auto',
  isSafe: false,
  bindShim: '/usr/lib/archon/bindshim.so',
};
/** native/keeper: `--silence`. */
const SILENCE_MS = 30_000;
/** How long it takes until archond is there again. */
const RESTART_MS = 2;
/** native/keeper/archond.c: `FIRST_DELAY_MS`, and the usual `--longest-delay`. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;
/** Where a test asks for more than this, what it waits for does not come. */
const MOST_MS = 7 * 86_400_000;

/** So many steps at one instant are taken for a circle. */
const MOST_STEPS = 200_000;

/** How one begins. */
export interface VirtualOptions extends FakeOptions {
  /** Called for each archond that is started (the first is 1), before it makes a call. */
  readonly atBirth?: (control: Control, life: number) => void;
  /** One that did not come up is started again after growing delays, as the keeper does it; else at once. */
  readonly hasDelays?: boolean;
}

/** The whole of archond on a machine in memory whose time passes as fast as it can, and always in the same way. */
export class VirtualHost implements Stage {
  readonly folder = FOLDER;
  readonly control: Control;
  /** What archond said that it should not have to say. */
  readonly faults: string[] = [];
  readonly #endMs: number;
  readonly #hasDelays: boolean;
  /** So many in a row did not come up. */
  #failed = 0;
  readonly #atBirth: (life: number) => void;
  #lives = 0;
  #steps = 0;
  #steppedAtMs = 0;
  /** An end that was asked for has come. */
  #isOver = false;

  private constructor(control: Control, { atBirth, hasDelays = false }: VirtualOptions) {
    this.control = control;
    this.#hasDelays = hasDelays;
    this.#atBirth = (life) => atBirth?.(control, life);
    this.#endMs = control.nowMs() + MOST_MS;
  }

  /** Starts one and waits until it answers. */
  static async start(
    units: Units | ((folder: string) => Units),
    options: VirtualOptions = {},
  ): Promise<VirtualHost> {
    const host = await VirtualHost.before(units, options);
    await host.untilAnswers();
    return host;
  }

  /** One whose archond has made no call yet. */
  static async before(
    units: Units | ((folder: string) => Units),
    options: VirtualOptions = {},
  ): Promise<VirtualHost> {
    const { sys, control } = createFakeSys(options);
    const host = new VirtualHost(control, options);
    const made = typeof units === 'function' ? units(FOLDER) : units;
    const configuration = await load(JSON.stringify({ version: 1, units: made }));
    const { kernel, keeper } = control;
    keeper.settings.silenceMs = SILENCE_MS;
    kernel.apart.set(LOADER, () => ok(JSON.stringify(ok(configuration))));
    for (const folder of [SETTINGS.runtimeDir, SETTINGS.stateDir, SETTINGS.logDir, FOLDER, '/usr/bin'])
      kernel.files.makeFolders(folder, 0o755, 0);
    installPrograms(control, FOLDER);
    host.#begin(sys);
    return host;
  }

  #begin(sys: Sys): void {
    /* What one that has been killed still says to itself is heard by nobody. */
    const life = { isOver: false };
    const isHeard = (): boolean => !life.isOver && this.control.archondAlive;
    const take = (message: string, details?: object): void => {
      if (isHeard()) this.faults.push(`${message} ${JSON.stringify(details ?? {})}`);
    };
    const log: Log = { error: take, warn: take, info: () => undefined, debug: () => undefined };
    const own: OwnProcess = {
      pid: 1,
      uid: 0,
      gid: 0,
      env: { PATH: '/usr/bin' },
      say: (message) => this.faults.push(message),
      exit: (code) => {
        life.isOver = true;
        this.faults.push(`archond has ended with ${code}`);
        this.control.killArchond();
        throw new ArchondKilled('it has ended by itself');
      },
      orphaned: () => {
        throw new Error('the keeper of this host does not die');
      },
      manager: () => undefined,
      answers: () => (this.#failed = 0),
      over: () => {
        life.isOver = true;
        this.#isOver = true;
      },
    };
    this.#lives += 1;
    this.#atBirth(this.#lives);
    const { isSafe } = this.control.keeper.failures;
    try {
      new Archond(sys, { ...SETTINGS, isSafe }, log, own).start();
    } catch (error) {
      if (!(error instanceof ArchondKilled)) throw error;
    }
  }

  /** How many archonds there have been. */
  get lives(): number {
    return this.#lives;
  }

  /** It has ended in order, or is about to. */
  get isOver(): boolean {
    return this.#isOver || this.control.keeper.quitCode !== undefined;
  }

  /** Lets the next thing happen, be it in a moment or in an hour, and all that follows without time. An archond that has died is started again. */
  async step(): Promise<void> {
    const nowMs = this.control.nowMs();
    this.#steps = nowMs === this.#steppedAtMs ? this.#steps + 1 : 0;
    this.#steppedAtMs = nowMs;
    if (this.#steps > MOST_STEPS) throw new Error('it goes round in a circle in which no time passes');
    if (nowMs > this.#endMs) throw new Error('it waits for what does not come');
    if (!this.control.archondAlive && !this.isOver) this.#startAgain();
    else if (!this.control.stepOn()) throw new Error('nothing is to come, and something is waited for');
    await turn();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.step();
  }

  /** Resolves when archond answers; one that has died is started again, as the keeper does. */
  async untilAnswers(): Promise<void> {
    while (!this.control.archondAlive || !this.control.keeper.ready) {
      if (this.control.archondAlive) await this.step();
      else this.#startAgain();
    }
  }

  #startAgain(): void {
    this.#failed += 1;
    const isDelayed = this.#hasDelays && this.#failed > 1;
    const delayMs = isDelayed ? FIRST_DELAY_MS * 2 ** (this.#failed - 2) : 0;
    this.control.advanceMs(RESTART_MS + Math.min(delayMs, LONGEST_DELAY_MS));
    this.#begin(this.control.startArchond());
  }

  /** A connection that has sent these lines. */
  connect(...lines: readonly string[]): VirtualClient {
    return this.reach(...lines) ?? expect.fail('nobody answers');
  }

  /** The same where somebody answers. */
  reach(...lines: readonly string[]): VirtualClient | undefined {
    const made = this.control.connect(SETTINGS.socket);
    if (!made.ok) return undefined;
    const client = new VirtualClient(made.value, async () => this.step());
    client.send(...lines);
    return client;
  }

  async ask(...lines: readonly string[]): Promise<string[]> {
    const client = this.connect(...lines);
    client.sayAll();
    return client.rest();
  }

  /** The whole answer, of whichever archond gives it: asked again of the next one where one dies over it. */
  async insist(line: string): Promise<string[]> {
    for (;;) {
      await this.untilAnswers();
      const client = this.reach(line);
      client?.sayAll();
      const lines = (await client?.rest()) ?? [];
      if (/^(?:Ok|Error)/.test(lines.at(-1) ?? '')) return lines;
    }
  }

  async hear(line: string): Promise<VirtualClient> {
    return Promise.resolve(this.connect(line));
  }

  async killDeciding(): Promise<void> {
    this.control.killArchond();
    await this.untilAnswers();
  }

  /** Ends it in order: then nothing may be left of it, and nothing may have gone wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (!this.#isOver && !this.control.keeper.gone) {
      await this.untilAnswers();
      this.connect('Shutdown');
      /* One that is killed over it may not have heard of it. */
      const { lives } = this;
      await this.until(() => this.control.keeper.gone || this.lives > lives);
    }
    expect(this.faults).toEqual([]);
    expect([...this.control.kernel.processes.values()].map(({ args }) => args.join(' '))).toEqual([]);
    expect(this.control.leftOpen).toEqual([]);
  }
}
