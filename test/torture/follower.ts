import { StreamClient } from '../support/stream-client.ts';

/** A subscriber that goes on where it was cut off, over deaths of whomever: it has each event once. */
export class Follower implements Disposable {
  /** All events that it was told. */
  readonly lines: string[] = [];
  /** What it was told that it should not have been. */
  readonly refusals: string[] = [];
  readonly #socket: string;
  #journal: string | undefined;
  #client: StreamClient | undefined;
  #isOver = false;
  /** Looks whether what is waited for has come. */
  #look: () => void = () => undefined;

  constructor(socket: string) {
    this.#socket = socket;
    void this.#follow();
  }

  /** Resolves when it has been told of this event. */
  async until(sequence: number): Promise<void> {
    while (this.lines.length < sequence) await new Promise<void>((resolve) => (this.#look = resolve));
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#hear();
      } catch {
        /* Nobody answers at the moment, and nothing tells when somebody will. */
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async #hear(): Promise<void> {
    this.#journal ??= await this.#journalId();
    const last = /^Event,(\d+),/.exec(this.lines.at(-1) ?? '')?.[1] ?? '0';
    const client = await StreamClient.connect(this.#socket, `Subscribe,@after=${this.#journal}:${last}`);
    this.#client = client;
    while (!client.isClosed || client.lines.length > 0) {
      for (const line of client.takeLines()) {
        if (line.startsWith('Event,')) this.lines.push(line);
        else if (!/^(?:Ok|End),/.test(line)) this.refusals.push(`the follower is told ${line}`);
      }
      this.#look();
      await client.change();
    }
  }

  async #journalId(): Promise<string> {
    using client = await StreamClient.connect(this.#socket, 'Subscribe');
    return (await client.untilLine(/^Ok,/)).replace(/^Ok,/, '').replace(/:\d+$/, '');
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#client?.[Symbol.dispose]();
  }
}
