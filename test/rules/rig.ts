import type { Ask, LoadedFile } from '../../src/rules/ask.ts';
import { actionLine } from '../../src/rules/ask.ts';
import type { OfferedEvent } from '../../src/rules/event.ts';
import { threadCpuMs } from '../../src/sys/real/process-facts.ts';
import { RuleHost } from '../../src/rules/host.ts';

/** Clocks of the machine that the tests run on. */
export const CLOCKS = {
  wallMs: (): number => performance.now(),
  cpuMs: (): number => threadCpuMs() ?? performance.now(),
};

/** A host whose asks are kept, with a clock that is set by hand. */
export class HostRig {
  readonly asks: Ask[] = [];
  readonly host: RuleHost;
  nowS = 1_700_000_000;
  #sequence = 0;

  constructor() {
    this.host = new RuleHost({
      ask: (ask) => this.asks.push(ask),
      ...CLOCKS,
      nowS: () => this.nowS,
      process: () => undefined,
    });
  }

  /** Loads a file; its rules are offered everything from then on. */
  load(text: string, name = 'a.lua'): LoadedFile {
    return this.host.load(name, Buffer.from(text, 'latin1'));
  }

  /** Offers an event to the rules with these numbers, all by default. */
  offer(event: Partial<OfferedEvent> = {}, rules?: readonly number[]): void {
    this.#sequence += 1;
    const whole = {
      sequence: this.#sequence,
      time: this.nowS,
      label: 'web',
      kind: 'exited',
      details: [],
      late: false,
      depth: 0,
      ...event,
    };
    this.host.offer([[whole, rules ?? Array.from({ length: 100 }, (_, id) => id)]]);
  }

  /** What was asked for since this was called last: actions and troubles, a line each. */
  told(): string[] {
    return this.asks.splice(0).flatMap((ask) => {
      if (ask.kind === 'act') return [actionLine(ask.action)];
      if (ask.kind !== 'trouble') return [];
      const { file, line, what, message } = ask.trouble;
      return [`${what} ${file}:${line} ${message}`];
    });
  }
}
