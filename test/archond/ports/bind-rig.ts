import { expect } from 'vitest';
import { DeferredLog } from '../../../src/archond/log.ts';
import { BindDoor } from '../../../src/archond/ports/bind-door.ts';
import { BindRequests, type Bindable } from '../../../src/archond/ports/bind-requests.ts';
import { isSame, type Address } from '../../../src/base/address.ts';
import type { Control } from '../../../src/sys/fake/control.ts';
import { createFakeSys } from '../../../src/sys/fake/fake-sys.ts';
import type { FakeProcess } from '../../../src/sys/fake/process.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import { StreamEnd } from '../../../src/sys/fake/stream-socket.ts';
import type { Spawned, Sys } from '../../../src/sys/sys.ts';

const RUNTIME = '/run/archon';

/** What was answered: a line, and how many descriptors came with it; `gone` where nobody can answer any more. */
export type Answer = { readonly line: string; readonly descriptors: number } | 'gone' | undefined;

/** An archond over the fake that answers questions of the bind shim, and nothing else. */
export class BindRig {
  readonly control: Control;
  sys: Sys;
  /** The details of what was told as events, behind the label. */
  readonly told: string[] = [];
  /** Units of which a spawn is under way, and what is called once it is not. */
  readonly coming = new Map<string, () => void>();
  readonly #held: { readonly address: Address; readonly label: string; readonly name: string }[] = [];
  readonly #units = new Map<string, Spawned>();
  #door: BindDoor | undefined;

  constructor() {
    const { sys, control } = createFakeSys();
    this.control = control;
    this.sys = sys;
    control.kernel.files.makeFolders(RUNTIME, 0o755, 0);
    control.install('/bin/unit', programs.runs());
    this.#greet();
    this.#open(undefined);
  }

  #greet(): void {
    this.sys.keeper.listen({
      changed: () => undefined,
      signalled: () => undefined,
      orphaned: () => undefined,
      gone: () => expect.fail('the keeper is gone'),
    });
    this.sys.keeper.hello(() => undefined);
    this.control.settle();
  }

  #open(kept: number | undefined): void {
    const { sys } = this;
    const socket = sys.descriptors.openNull();
    const door = BindDoor.open(sys, RUNTIME, kept);
    if (!door.ok || !socket.ok) throw new Error('there is no door');
    const requests = new BindRequests({
      sys,
      log: new DeferredLog(),
      chronicle: {
        append: (label, _kind, details, cause) => {
          this.told.push([label, ...details.map(([name, value]) => `${name}=${value}`)].join(' '));
          return cause;
        },
        flush: () => undefined,
      },
      heldAt: (address) =>
        this.#held
          .filter((held) => isSame(held.address, address))
          .map(({ label, name }): Bindable => ({ label, name, port: 0, descriptor: socket.value })),
      whenMade: (label, then) => {
        if (!this.coming.has(label)) return false;
        this.coming.set(label, then);
        return true;
      },
    });
    door.value.listen(requests.heard);
    this.#door = door.value;
    this.control.settle();
  }

  /** A unit has a socket bound there. */
  hold(label: string, name: string, address: Address): void {
    this.#held.push({ label, name, address });
  }

  /** A process of a unit. */
  start(label: string): FakeProcess {
    const word = Buffer.from('/bin/unit');
    const generation = this.sys.keeper.lastGeneration() + 1;
    this.sys.keeper.spawn(
      { generation, label, argv: [word], paths: [word], env: [], descriptors: [] },
      (spawned) => {
        if (spawned.ok) this.#units.set(label, spawned.value);
      },
    );
    this.control.settle();
    const pid = this.#units.get(label)?.pid ?? -1;
    return this.control.process(pid) ?? expect.fail('it has no process');
  }

  /** A process asks; what it knows is said by the function that is returned. */
  ask(who: FakeProcess, text: string, more: readonly StreamEnd[] = []): () => Answer {
    const caller = { pid: who.pid, uid: 0, gid: 0, groups: [] };
    const [own, theirs] = [new StreamEnd(caller, 4096), new StreamEnd(caller, 4096)];
    own.join(theirs);
    expect(this.control.kernel.notify(who, `${RUNTIME}/bind`, text, [theirs, ...more])).toBe(true);
    theirs.release();
    let answer: Answer;
    return () => {
      const received = answer === undefined ? own.receive(4096) : 'again';
      if (received === 'end') answer = 'gone';
      if (typeof received === 'string') return answer;
      for (const file of received.files) file.release();
      answer = { line: Buffer.from(received.bytes).toString(), descriptors: received.files.length };
      return answer;
    };
  }

  /** Asks, and waits for what comes of it. */
  answerTo(who: FakeProcess, text: string): Answer {
    const answer = this.ask(who, text);
    this.control.settle();
    return answer();
  }

  /** archond is killed, and its successor goes on with what the keeper held. */
  restart(): void {
    this.sys = this.control.restart();
    this.#greet();
    let kept: number | undefined;
    this.sys.keeper.kept((all) => {
      if (all.ok) kept = all.value.find(({ name }) => name === 'bind')?.descriptor;
    });
    this.control.settle();
    expect(this.sys.descriptors.kindOf(kept ?? -1)).toEqual({ ok: true, value: 'socket' });
    this.#open(kept);
  }

  /** Nothing stays open but what the rig has opened, and no file. */
  end(): void {
    this.#door?.discard();
    this.control.settle();
    expect(this.control.openDescriptors().filter((line) => !line.includes('openNull'))).toEqual([]);
    expect(this.control.kernel.files.node(`${RUNTIME}/bind`)).toBeUndefined();
  }
}
