import { expect } from 'vitest';
import type { Connection, Descriptor, Listening } from '../../../src/sys/sys.ts';
import type { Client } from './harness.ts';
import { value, type World } from './world.ts';

/** A connection of the `Sys` under test, and what it was told. */
export class Peer {
  readonly connection: Connection;
  /** One item a read. */
  readonly reads: {
    readonly text: string;
    readonly descriptors: readonly Descriptor[];
    readonly truncated: boolean;
  }[] = [];
  /** All bytes that have come. */
  text = '';
  ended = 0;
  gone = 0;
  drained = 0;

  constructor(world: World, connection: Connection) {
    this.connection = connection;
    connection.listen({
      data: world.heard((bytes: Uint8Array, descriptors: readonly Descriptor[], truncated: boolean) => {
        expect(this.gone, 'nothing comes after gone').toBe(0);
        expect(this.ended, 'no data comes after ended').toBe(0);
        for (const descriptor of descriptors) world.own(descriptor);
        const text = Buffer.from(bytes).toString('latin1');
        this.reads.push({ text, descriptors, truncated });
        this.text += text;
      }),
      ended: world.heard(() => {
        this.ended += 1;
      }),
      gone: world.heard(() => {
        this.gone += 1;
      }),
      drained: world.heard(() => {
        this.drained += 1;
      }),
    });
  }

  /** All descriptors that have come. */
  get descriptors(): readonly Descriptor[] {
    return this.reads.flatMap(({ descriptors }) => descriptors);
  }
}

/** A listening socket that makes a peer of everyone who connects. */
export class Listener {
  readonly path: string;
  readonly peers: Peer[] = [];
  readonly listening: Listening;
  readonly #world: World;

  constructor(world: World, name = 'socket', mode = 0o600) {
    this.#world = world;
    this.path = `${world.harness.folder}/${name}`;
    const accept = world.heard((connection: Connection) => {
      this.peers.push(new Peer(world, connection));
      world.atEnd(() => connection.close(true));
    });
    this.listening = value(world.sys.sockets.listen(this.path, mode, accept));
    world.atEnd(() => this.listening.close());
  }

  /** Somebody who is not of this `Sys` connects. */
  async client(): Promise<{ readonly client: Client; readonly peer: Peer }> {
    const count = this.peers.length;
    const client = await this.#world.harness.connect(this.path);
    return { client, peer: await this.#accepted(count) };
  }

  /** This `Sys` connects to itself: the two ends of one connection. */
  async pair(): Promise<{ readonly near: Peer; readonly far: Peer }> {
    const count = this.peers.length;
    const connection = value(this.#world.sys.sockets.connect(this.path));
    this.#world.atEnd(() => connection.close(true));
    const near = new Peer(this.#world, connection);
    return { near, far: await this.#accepted(count) };
  }

  /** Bytes have gone through another connection: whatever was to happen at once has happened. */
  async haveATurn(): Promise<void> {
    const { near, far } = await this.pair();
    near.connection.write(Buffer.from('turn'));
    await this.#world.until(() => far.text === 'turn', 'another connection is served');
  }

  async #accepted(count: number): Promise<Peer> {
    await this.#world.until(() => this.peers.length > count, 'a connection is accepted');
    return this.peers[count] ?? expect.fail('no peer');
  }
}
