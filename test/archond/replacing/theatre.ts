import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Control } from '../../../src/sys/fake/control.ts';
import type { FakeProcess } from '../../../src/sys/fake/process.ts';
import { exits } from '../../../src/sys/fake/programs.ts';
import type { Units } from '../stage/stage.ts';
import { VirtualHost, type VirtualOptions } from '../stage/virtual-host.ts';

const { SIGTERM } = constants.signals;
const NAMES: Readonly<Record<number, string>> = { 9: 'SIGKILL', 15: 'SIGTERM' };
export const READY = 3;

/** What one process of the server does: serves after so long, ends by itself after so long, takes so long to leave. */
export interface Part {
  /** Undefined: never. */
  readonly readyMs?: number;
  readonly endMs?: number;
  readonly leaveMs?: number;
  /** It has a child that cannot be killed before so long. */
  readonly hangMs?: number;
}

/** A process of the server as the machine saw it. */
export interface Life {
  readonly pid: number;
  readonly bornAtMs: number;
  readyAtMs?: number;
  endedAtMs?: number;
  /** `code=N` or `signal=N`. */
  end?: string;
}

/** What is played where nothing is said. */
const USUAL: Part = { readyMs: 50, leaveMs: 20 };

/** A server whose processes do what they are told beforehand, one after the other, and the book of them. */
export class Theatre {
  readonly parts: Part[];
  /** What is played where nothing is said of a process. */
  usual = USUAL;
  readonly lives: Life[] = [];
  /** Most processes that there were at once. */
  most = 0;
  /** Instants at which nobody served, after the first did. */
  readonly gaps: number[] = [];

  constructor(...parts: readonly Part[]) {
    this.parts = [...parts];
  }

  /** Puts the server into a machine, as `/usr/bin/server`. */
  install(control: Control): void {
    control.install('/usr/bin/server', (self) => {
      this.#play(self, control);
    });
  }

  /** Those that have not ended, by pid. */
  get present(): readonly number[] {
    return this.lives.filter(({ endedAtMs }) => endedAtMs === undefined).map(({ pid }) => pid);
  }

  #play(self: FakeProcess, control: Control): void {
    const { readyMs, endMs, leaveMs, hangMs } = this.parts.shift() ?? this.usual;
    const life: Life = { pid: self.pid, bornAtMs: control.nowMs() };
    this.lives.push(life);
    this.most = Math.max(this.most, this.present.length);
    self.watchers.add(() => {
      life.endedAtMs ??= control.nowMs();
      const { end } = self;
      if (end?.kind === 'exited') life.end = `code=${end.code}`;
      if (end?.kind === 'signalled') life.end = `signal=${NAMES[end.signal] ?? end.signal}`;
      const serves = this.lives.some((one) => one.readyAtMs !== undefined && one.endedAtMs === undefined);
      if (!serves && this.lives.some(({ readyAtMs }) => readyAtMs !== undefined))
        this.gaps.push(control.nowMs());
    });
    self.write(1, `born ${self.pid}\n`);
    if (readyMs !== undefined)
      self.after(readyMs, () => {
        life.readyAtMs = control.nowMs();
        self.write(READY, '\n');
      });
    if (hangMs !== undefined) self.fork((child) => child.uninterruptible(hangMs));
    if (endMs !== undefined) exits(1, endMs)(self);
    if (leaveMs !== undefined)
      self.on(SIGTERM, () => {
        exits(0, leaveMs)(self);
      });
  }
}

export const SERVER = { command: '/usr/bin/server', ready: { fd: READY, timeout: '1s' } } as const;
/** That is replaced. */
export const WEB = { ...SERVER, 'on-restart': 'replace' } as const;

/** A host with this theatre in it, where the first process of `web` serves. */
export async function open(
  theatre: Theatre,
  units: Units = { web: WEB },
  options: VirtualOptions = {},
): Promise<VirtualHost> {
  const host = await VirtualHost.start(units, {
    ...options,
    atBirth: (control, life) => {
      if (life === 1) theatre.install(control);
      options.atBirth?.(control, life);
    },
  });
  expect(await host.ask('Wait,web,@for=running')).toEqual(['Ok']);
  return host;
}

/** Lets so much time pass. */
export async function pass(host: VirtualHost, ms: number): Promise<void> {
  const { loop } = host.control.kernel;
  const over = { is: false };
  loop.schedule(loop.nowMs() + ms, () => (over.is = true));
  await host.until(() => over.is);
}

/** State and pid of `web`, as `List` says them, since when, and how often it was started again. */
export async function webOf(
  host: VirtualHost,
  at?: string,
): Promise<{ state: string; pid: number; since: string; restarts: string }> {
  const [line = ''] = await host.ask(at === undefined ? 'List,web' : `List,web,@at=${at}`);
  const [, , state = '', pid = '', since = '', restarts = ''] = line.split(',');
  return { state, pid: Number(pid), since, restarts };
}

/** What was told of `web`: kind, which process of the theatre (from 1), and what it is to the other. */
export async function storyOf(host: VirtualHost, { lives }: Theatre): Promise<string[]> {
  const events = (await host.ask('Events,web')).slice(0, -1).map((line) => line.split(','));
  const generations = new Map<string, number>();
  const numberOf = (pid: string): number => lives.findIndex((life) => String(life.pid) === pid) + 1;
  for (const words of events) {
    const of = (name: string): string | undefined =>
      words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    const generation = of('generation');
    const pid = of('pid');
    if (generation !== undefined && pid !== undefined) generations.set(generation, numberOf(pid));
  }
  return events.map((words) => {
    const said = words.slice(5).flatMap((word) => {
      const [name = '', value = ''] = word.split('=');
      if (name === 'generation') return [`#${generations.get(value) ?? '?'}`];
      if (name === 'replaces' || name === 'replaced-by') return [`${name} #${generations.get(value) ?? '?'}`];
      return ['reason', 'what', 'restarts'].includes(name) ? [value] : [];
    });
    return [words[4], ...said].join(' ');
  });
}
