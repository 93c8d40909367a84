import { describe, expect, it } from 'vitest';
import { createFakeSys } from '../../../src/sys/fake/fake-sys.ts';
import { Misuse } from '../../../src/sys/fake/misuse.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import type { Connection, ConnectionListener, Descriptor, KeeperListener } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

const DEAF: KeeperListener = {
  changed: () => undefined,
  signalled: () => undefined,
  orphaned: () => undefined,
  gone: () => undefined,
};
const SILENT: ConnectionListener = {
  data: () => undefined,
  ended: () => undefined,
  gone: () => undefined,
  drained: () => undefined,
};

function opened(rig: Rig): Descriptor {
  const nothing = rig.sys.descriptors.openNull();
  return nothing.ok ? nothing.value : expect.fail('not opened');
}

function connected(rig: Rig): Connection {
  rig.sys.sockets.listen('/run/socket', 0o600, () => undefined);
  const connection = rig.sys.sockets.connect('/run/socket');
  return connection.ok ? connection.value : expect.fail('not connected');
}

describe('a defect of the caller is thrown:', () => {
  it('a descriptor that is closed twice', () => {
    const rig = new Rig();
    const descriptor = opened(rig);
    rig.sys.descriptors.close(descriptor);
    expect(() => rig.sys.descriptors.close(descriptor)).toThrow(Misuse);
  });

  it('a descriptor that is used after its close, in every call that takes one', () => {
    const rig = new Rig();
    const from = opened(rig);
    const connection = connected(rig);
    rig.sys.descriptors.close(from);
    const { descriptors, pidfds, output, keeper } = rig.sys;
    const uses = [
      () => descriptors.duplicate(from),
      () => descriptors.kindOf(from),
      () => pidfds.pidOf(from),
      () => pidfds.signal(from, 0),
      () => pidfds.watch(from, () => undefined),
      () => output.copy(from, '/tmp/x', 0o600, () => undefined),
      () => output.reopen(from),
      () => keeper.store('x', from, false, () => undefined),
      () => keeper.spawn(rig.order(programs.runs(), { descriptors: [{ from, to: 0 }] }), () => undefined),
      () => connection.write(Buffer.from('x'), [from]),
    ];
    for (const use of uses) expect(use).toThrow(/after its close/);
  });

  it('a number that never was a descriptor, where it has to be one', () => {
    const rig = new Rig();
    expect(() => rig.sys.descriptors.close(7)).toThrow(/no descriptor/);
    expect(rig.sys.descriptors.kindOf(7)).toMatchObject({ ok: false, error: { code: 'EBADF' } });
    expect(rig.sys.descriptors.duplicate(7)).toMatchObject({ ok: false, error: { code: 'EBADF' } });
  });

  it('a pipe that is closed, or copied again, while it is copied', () => {
    const rig = new Rig();
    const pipe = rig.sys.output.pipe(0);
    if (!pipe.ok) return expect.fail('no pipe');
    const { read } = pipe.value;
    const copying = rig.sys.output.copy(read, '/tmp/x', 0o600, () => undefined);
    expect(() => rig.sys.descriptors.close(read)).toThrow(/output.copy has it/);
    expect(() => rig.sys.output.copy(read, '/tmp/y', 0o600, () => undefined)).toThrow(Misuse);
    copying.close();
    copying.close();
    expect(() => copying.drain()).toThrow(Misuse);
    expect(() => rig.sys.descriptors.close(read)).toThrow(/after its close/);
  });

  it('a pidfd that is closed while it is watched', () => {
    const rig = new Rig();
    const pidfd = rig.sys.pidfds.open(rig.control.stranger(programs.exits(0, 5)).pid);
    const descriptor = pidfd.ok ? pidfd.value : -1;
    const cancel = rig.sys.pidfds.watch(descriptor, () => undefined);
    expect(() => rig.sys.descriptors.close(descriptor)).toThrow(/pidfds.watch has it/);
    cancel();
    rig.sys.descriptors.close(descriptor);
  });

  it('the wrong kind of descriptor, where none but the right one can come', () => {
    const rig = new Rig();
    expect(() => rig.sys.pidfds.watch(opened(rig), () => undefined)).toThrow(/no pidfd/);
    expect(() => rig.sys.output.copy(opened(rig), '/tmp/x', 0o600, () => undefined)).toThrow(/no pipe/);
  });

  it('a word with the keeper before it has said welcome, or without a listener', () => {
    const { sys, control } = createFakeSys();
    expect(() => sys.keeper.hello(() => undefined)).toThrow(/without a listener/);
    sys.keeper.listen(DEAF);
    expect(() => sys.keeper.listen(DEAF)).toThrow(/already/);
    expect(() => sys.keeper.entries()).toThrow(/welcome/);
    expect(() => sys.keeper.lastGeneration()).toThrow(/welcome/);
    const answers: string[] = [];
    sys.keeper.ready((result) => answers.push(result.ok ? 'done' : result.error.code));
    control.settle();
    expect(answers).toEqual(['EPROTO']);
  });

  it('a state that is noted before it is reached, or of a spawn that is not there', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.runs());
    expect(() => rig.sys.keeper.acknowledge(ref, 'exited')).toThrow(/is running/);
    const other = { index: ref.index, generation: ref.generation + 1 };
    expect(() => rig.sys.keeper.acknowledge(other, 'starting')).toThrow(/not in the table/);
  });

  it('a connection that is written to after its close, or has two listeners', () => {
    const rig = new Rig();
    const connection = connected(rig);
    connection.listen(SILENT);
    expect(() => connection.listen(SILENT)).toThrow(Misuse);
    expect(() => connection.write(new Uint8Array(0), [opened(rig)])).toThrow(/a byte to ride on/);
    connection.close();
    connection.close(true);
    expect(() => connection.write(Buffer.from('x'))).toThrow(/closed/);
  });

  it('bytes of a read that are kept after the call are spoilt', () => {
    const rig = new Rig();
    const kept: Uint8Array[] = [];
    rig.sys.sockets.listen('/run/socket', 0o600, (connection) => {
      connection.listen({ ...SILENT, data: (bytes) => kept.push(bytes) });
    });
    const client = rig.control.connect('/run/socket');
    if (client.ok) client.value.send('text');
    rig.control.settle();
    expect(kept).toHaveLength(1);
    expect(Buffer.from(kept[0] ?? []).toString()).not.toBe('text');
  });
});
