import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type * as sys from '../sys.ts';
import type { Channel } from './channel.ts';
import type { FakeKeeper, KeeperRequest } from './keeper.ts';
import { consumptionOf, costOf, memberOf } from './member.ts';
import { Misuse } from './misuse.ts';
import type { OpenFile } from './open-file.ts';
import type { View } from './view.ts';

/** One archond's side of the channel: `Sys.keeper`. */
export class KeeperDoor implements sys.Keeper {
  readonly #keeper: FakeKeeper;
  readonly #view: View;
  readonly #channel: Channel;
  #welcomed = false;

  constructor(keeper: FakeKeeper, view: View) {
    this.#keeper = keeper;
    this.#view = view;
    this.#channel = keeper.serve(view);
  }

  listen(listener: sys.KeeperListener): void {
    this.#view.call('keeper.listen');
    if (this.#channel.listener !== undefined) throw new Misuse('the keeper has a listener already');
    this.#channel.listener = listener;
  }

  hello(done: sys.Answer<sys.Welcome>): void {
    this.#view.call('keeper.hello');
    if (this.#channel.listener === undefined) throw new Misuse('hello without a listener');
    const welcomed: sys.Answer<sys.Welcome> = (result) => {
      this.#welcomed = result.ok;
      done(result);
    };
    this.#request('hello', welcomed, () => this.#keeper.hello(this.#channel, welcomed));
  }

  lastGeneration(): number {
    this.#read('keeper.lastGeneration');
    return this.#keeper.table.lastGeneration;
  }

  spawn(order: sys.SpawnOrder, done: sys.Answer<sys.Spawned>): void {
    this.#view.call('keeper.spawn');
    const files = new Map<number, OpenFile>();
    for (const { from, to } of order.descriptors) {
      const file = this.#view.descriptors.get(from, 'keeper.spawn').hold();
      if (files.has(to)) file.release();
      else files.set(to, file);
    }
    const refused = (): void => {
      for (const file of files.values()) file.release();
    };
    this.#request('spawn', done, () => this.#keeper.spawn(this.#channel, order, files, done), refused);
  }

  signal(ref: sys.ProcessRef, signal: number, scope: sys.SignalScope, done: sys.Answer<number>): void {
    this.#view.call('keeper.signal');
    this.#ask('signal', done, () => this.#keeper.signal(ref, signal, scope, false));
  }

  signalAndWake(ref: sys.ProcessRef, signal: number, scope: sys.SignalScope, done: sys.Answer<number>): void {
    this.#view.call('keeper.signalAndWake');
    this.#ask('signal', done, () => this.#keeper.signal(ref, signal, scope, true));
  }

  kill(ref: sys.ProcessRef, done: sys.Answer<number>): void {
    this.#view.call('keeper.kill');
    this.#ask('kill', done, () => this.#keeper.kill(ref));
  }

  entries(): readonly sys.ProcessEntry[] {
    this.#read('keeper.entries');
    return this.#keeper.table.entries();
  }

  entry(ref: sys.ProcessRef): sys.ProcessEntry | undefined {
    this.#read('keeper.entry');
    return this.#keeper.table.entry(ref);
  }

  members(ref: sys.ProcessRef, done: (members: readonly sys.TreeMember[]) => void): void {
    this.#read('keeper.members');
    const row = this.#keeper.table.row(ref);
    const members = [...(row?.members ?? [])].filter((process) => process.alive);
    // The fake has no pid for a minder: what is nobody's child is the keeper's here.
    const told = members.map((process) => memberOf(process, this.#keeper.pid));
    this.#view.post(() => done(told));
  }

  consumption(refs: readonly sys.ProcessRef[], done: (read: sys.Consumptions) => void): void {
    this.#read('keeper.consumption');
    const used = refs.map((ref) => consumptionOf([...(this.#keeper.table.row(ref)?.members ?? [])]));
    this.#view.post(() => {
      done({ used, costMs: costOf(refs.length) });
    });
  }

  acknowledge(ref: sys.ProcessRef, state: sys.EntryState): void {
    this.#read('keeper.acknowledge');
    this.#keeper.acknowledge(ref, state);
  }

  free(ref: sys.ProcessRef, done: sys.Answer<number>): void {
    this.#view.call('keeper.free');
    this.#ask('free', done, () => this.#keeper.free(ref));
  }

  store(name: string, descriptor: sys.Descriptor, replace: boolean, done: sys.Answer<number>): void {
    this.#view.call('keeper.store');
    const file = this.#view.descriptors.get(descriptor, 'keeper.store').hold();
    const store = (): void => {
      const stored = this.#keeper.kept.store(name, file, replace);
      if (!stored.ok) file.release();
      this.#channel.answer(done, stored);
    };
    this.#request('store', done, store, () => file.release());
  }

  drop(name: string, done: sys.Answer<number>): void {
    this.#view.call('keeper.drop');
    this.#ask('drop', done, () => this.#keeper.kept.drop(name));
  }

  kept(done: sys.Answer<readonly { readonly name: string; readonly descriptor: sys.Descriptor }[]>): void {
    this.#view.call('keeper.kept');
    const list = (): void => {
      const files = this.#keeper.kept.list();
      // The copies belong to whoever is there to take them: nobody, where archond has died meanwhile.
      if (!this.#view.alive) for (const [, file] of files) file.release();
      else {
        const kept = files.map(([name, file]) => ({
          name,
          descriptor: this.#view.descriptors.add(file, 'keeper.kept'),
        }));
        this.#channel.answer(done, ok(kept));
      }
    };
    this.#request('kept', done, list);
  }

  ready(done: sys.Answer<number>): void {
    this.#view.call('keeper.ready');
    this.#ask('ready', done, () => {
      this.#keeper.ready = true;
      return ok(0);
    });
  }

  beat(): void {
    this.#view.call('keeper.beat');
    this.#ask(
      'beat',
      () => undefined,
      () => ok(0),
    );
  }

  signalNoted(signal: number, count: number): void {
    this.#view.call('keeper.signalNoted');
    this.#channel.ask(() => this.#keeper.signals.noted(signal, count));
  }

  orphanEnd(pid: number): { readonly end: sys.ProcessEnd; readonly endedAtMs: number } | undefined {
    this.#read('keeper.orphanEnd');
    return this.#keeper.table.orphanEnd(pid);
  }

  quit(code: number, done: sys.Answer<number>): void {
    this.#view.call('keeper.quit');
    const quit = (): void => {
      this.#channel.answer(done, ok(0));
      this.#keeper.quit(code);
    };
    this.#request('quit', done, quit);
  }

  /** A look at the table: it is mapped once the keeper has said welcome. */
  #read(name: string): void {
    this.#view.call(name);
    if (!this.#welcomed) throw new Misuse(`${name} before the keeper has said welcome`);
  }

  #ask<T>(name: KeeperRequest, done: sys.Answer<T>, carryOut: () => Result<T, sys.Refusal>): void {
    this.#request(name, done, () => this.#channel.answer(done, carryOut()));
  }

  /** Puts a request on its way. `carryOut` answers, unless there is an objection: then `refused` cleans up. */
  #request<T>(name: KeeperRequest, done: sys.Answer<T>, carryOut: () => void, refused?: () => void): void {
    this.#channel.ask(() => {
      const objection = this.#keeper.objection(name, this.#channel);
      if (objection === undefined) {
        carryOut();
        return;
      }
      refused?.();
      this.#channel.answer(done, err(objection));
    });
  }
}
