import { StreamClient } from './stream-client.ts';

/** Lines that one client has on the way. */
const ON_THE_WAY = 10;

/** Clients that have commands run, as fast as they are answered: four events each. */
export class Storm implements Disposable {
  readonly #socket: string;
  readonly #width: number;
  #clients: StreamClient[] = [];
  #isOver = false;

  constructor(socket: string, width: number) {
    this.#socket = socket;
    this.#width = width;
  }

  /** Begins, and again where the supervisor has hung up on it. */
  async blow(): Promise<void> {
    this.#clients = this.#clients.filter((client) => !client.isClosed);
    while (this.#clients.length < this.#width) {
      const client = await StreamClient.connect(this.#socket, ...Array<string>(ON_THE_WAY).fill('Run,true'));
      this.#clients.push(client);
      void this.#goOn(client);
    }
  }

  /** Lets what is on its way come to its end. */
  async calm(): Promise<void> {
    this.#isOver = true;
    for (const client of this.#clients) client.sayAll();
    await Promise.all(this.#clients.map(async (client) => client.untilClosed()));
  }

  async #goOn(client: StreamClient): Promise<void> {
    while (!this.#isOver && !client.isClosed) {
      const answered = client.takeLines().length;
      if (answered > 0) client.send(...Array<string>(answered).fill('Run,true'));
      await client.change();
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const client of this.#clients) client[Symbol.dispose]();
  }
}
