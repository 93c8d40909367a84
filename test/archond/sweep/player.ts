import type { VirtualClient } from '../stage/virtual-client.ts';
import type { VirtualHost } from '../stage/virtual-host.ts';
import type { Ledger } from './ledger.ts';

/** After so long a client tries again what was refused. */
const AGAIN_MS = 50;

/** A reply that closes its request. */
export const CLOSING = /^(?:Ok|Error|ExitStatus)(?:,|$)/;

/**
 * Clients as they should be: one that loses its connection connects again, looks how things are, and goes on. And one
 * that follows all events from the first.
 */
export class Player {
  readonly host: VirtualHost;
  readonly ledger: Ledger;
  /** What went otherwise than clients may expect. */
  readonly faults: string[] = [];
  /** Numbers of the events that the follower was told, in order. */
  readonly followed: { readonly sequence: number; readonly line: string }[] = [];
  /** A death of archond, or a fault, while something is under way may make it late by so much. */
  slackMs = 30;
  /** Whether an order may be answered so for the sake of a fault; then it is given again. */
  pardons: (lines: readonly string[]) => boolean = () => false;
  #journal: string | undefined;
  #following: VirtualClient | undefined;

  constructor(host: VirtualHost, ledger: Ledger) {
    this.host = host;
    this.ledger = ledger;
  }

  /** The answer to a line, or undefined where the connection was lost before its closing reply. */
  async ask(line: string): Promise<string[] | undefined> {
    const { host } = this;
    const client = await this.begin(line);
    const { lives } = host;
    client?.sayAll();
    const lines = (await client?.rest()) ?? [];
    if (CLOSING.test(lines.at(-1) ?? '')) return lines;
    /* Cut off by an archond that lives: what was in the way may still be. */
    if (host.lives === lives && host.control.archondAlive && !host.isOver) await this.pass(AGAIN_MS);
    return undefined;
  }

  /** Asks for what may be asked twice, until it is answered. */
  async insist(line: string): Promise<string[]> {
    for (;;) {
      const lines = await this.ask(line);
      if (lines !== undefined && !(await this.isRefused(lines))) return lines;
      this.mustGoOn();
    }
  }

  /** The same, and the answer must end so. */
  async expect(line: string, last: RegExp): Promise<void> {
    this.check(line, await this.insist(line), last);
  }

  /** Asks once more only where nothing has come of it: `isDone` says that when all is at rest. */
  async order(line: string, last: RegExp, isDone: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const lines = await this.ask(line);
      this.mustGoOn();
      if (lines !== undefined && (await this.isRefused(lines))) continue;
      if (lines !== undefined) this.check(line, lines, last);
      if (lines !== undefined || (await isDone())) return;
    }
  }

  /** Whether that is a refusal which may be; whoever got it asks again a little later. */
  async isRefused(lines: readonly string[]): Promise<boolean> {
    if (!this.pardons(lines)) return false;
    await this.pass(AGAIN_MS);
    return true;
  }

  /** The day is not over. */
  mustGoOn(): void {
    if (this.host.isOver) throw new Error('the supervisor has ended before its day was over');
  }

  check(line: string, lines: readonly string[], last: RegExp): void {
    if (!last.test(lines.at(-1) ?? '')) this.faults.push(`${line} is answered ${lines.join(' | ')}`);
  }

  /** State, pid and last exit of each unit. */
  async units(): Promise<ReadonlyMap<string, readonly [state: string, pid: string, exit: string]>> {
    const lines = await this.insist('List');
    return new Map(
      lines.slice(0, -1).map((line) => {
        const [, label = '', state = '', pid = '', , , , , exit = ''] = line.split(',');
        return [label, [state, pid, exit]];
      }),
    );
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const { loop } = this.host.control.kernel;
    const over = { is: false };
    loop.schedule(loop.nowMs() + ms, () => (over.is = true));
    await this.host.until(() => over.is);
  }

  /** Sends a line when somebody answers, and goes on without the reply; undefined where that somebody has just gone. */
  async begin(line: string): Promise<VirtualClient | undefined> {
    await this.follow();
    await this.#untilAnswers();
    return this.host.reach(line);
  }

  async #untilAnswers(): Promise<void> {
    const { host } = this;
    while (!host.isOver && !(host.control.archondAlive && host.control.keeper.ready)) await host.step();
  }

  /** Takes what the follower was told; one that was cut off goes on from there. */
  async follow(): Promise<void> {
    for (;;) {
      const lines = this.#following?.takeLines() ?? [];
      for (const line of lines) {
        const sequence = Number(/^Event,(\d+),/.exec(line)?.[1] ?? NaN);
        if (!Number.isNaN(sequence)) this.followed.push({ sequence, line });
      }
      if (this.#following?.isGone === false || this.host.isOver) return;
      await this.#untilAnswers();
      this.#journal ??= await this.#journalId();
      const last = this.followed.at(-1)?.sequence ?? 0;
      if (this.#journal !== undefined)
        this.#following = this.host.reach(`Subscribe,@after=${this.#journal}:${last}`);
      if (this.#following === undefined) await this.#stepUnlessOver();
    }
  }

  async #stepUnlessOver(): Promise<void> {
    if (!this.host.isOver) await this.host.step();
  }

  async #journalId(): Promise<string | undefined> {
    using client = this.host.reach('Subscribe');
    if (client === undefined) return undefined;
    await this.host.until(() => client.isGone || client.peek(/^Ok,/) !== undefined);
    return client.peek(/^Ok,/)?.replace(/^Ok,/, '').replace(/:\d+$/, '');
  }
}
