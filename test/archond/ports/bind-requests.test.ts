import { describe, expect, test, vi } from 'vitest';
import * as programs from '../../../src/sys/fake/programs.ts';
import { StreamEnd } from '../../../src/sys/fake/stream-socket.ts';
import { BindRig } from './bind-rig.ts';

const HTTP = { protocol: 'tcp', host: '127.0.0.1', port: 8080 } as const;
const QUESTION = 'Bind,tcp,127.0.0.1,8080\n';
const GIVEN = { line: 'Ok\n', descriptors: 1 };

function refusal(code: string): object {
  return { line: expect.stringMatching(new RegExp(`^Error,.*,${code}\\n$`)) as string, descriptors: 0 };
}

describe('who binds by itself', () => {
  test('gets the socket of its unit, whichever process of its tree it is', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const main = rig.start('web');
    expect(rig.answerTo(main, QUESTION)).toEqual(GIVEN);
    const child = main.fork(programs.runs());
    rig.control.settle();
    expect(rig.answerTo(child, QUESTION)).toEqual(GIVEN);
    expect(rig.told).toEqual([]);
    rig.end();
  });

  test('gets none of another unit, which is told once a minute', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    rig.start('web');
    const other = rig.start('other');
    expect(rig.answerTo(other, QUESTION)).toEqual(refusal('denied'));
    expect(rig.answerTo(other, QUESTION)).toEqual(refusal('denied'));
    const why = `127.0.0.1:8080 is held for web; other (process ${other.pid} of user 0) does not belong to it`;
    const told = `web what=denied name=http port=8080 why=${why}`;
    expect(rig.told).toEqual([told]);
    rig.control.advanceMs(60_000);
    rig.answerTo(other, QUESTION);
    expect(rig.told).toEqual([told, told]);
    rig.end();
  });

  test('gets it too where it asks before the keeper has said that it is there', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const main = rig.start('web');
    vi.spyOn(rig.sys.keeper, 'entries').mockReturnValueOnce([]);
    rig.coming.set('web', () => undefined);
    const answer = rig.ask(main, QUESTION);
    rig.control.settle();
    expect(answer()).toBeUndefined();
    rig.coming.get('web')?.();
    rig.control.settle();
    expect(answer()).toEqual(GIVEN);
    expect(rig.told).toEqual([]);
    rig.end();
  });

  test('waits for one spawn only, where it is none of the unit', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const other = rig.start('other');
    rig.coming.set('web', () => undefined);
    const answer = rig.ask(other, QUESTION);
    rig.control.settle();
    expect(answer()).toBeUndefined();
    rig.coming.get('web')?.();
    rig.control.settle();
    expect(answer()).toEqual(refusal('denied'));
    rig.end();
  });

  test('gets nothing where it was not started here, whoever it is', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    rig.start('web');
    const stranger = rig.control.stranger(programs.runs());
    expect(rig.answerTo(stranger, QUESTION)).toEqual(refusal('denied'));
    expect(rig.told).toHaveLength(1);
    rig.end();
  });

  test('gets its own of several instances that have the same address', () => {
    const rig = new BindRig();
    for (const label of ['web@1', 'web@2']) rig.hold(label, 'http', HTTP);
    rig.start('web@1');
    const second = rig.start('web@2');
    expect(rig.answerTo(second, QUESTION)).toEqual(GIVEN);
    rig.end();
  });

  test('gets it while one generation takes over from another', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const first = rig.start('web');
    const second = rig.start('web');
    for (const process of [first, second]) expect(rig.answerTo(process, QUESTION)).toEqual(GIVEN);
    rig.end();
  });

  test('gets nothing at an address that is not held just so', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    rig.hold('web', 'all', { protocol: 'tcp', host: '::', port: 8081 });
    const main = rig.start('web');
    for (const question of [
      'Bind,tcp,0.0.0.0,8080',
      'Bind,tcp,127.0.0.1,8081',
      'Bind,udp,127.0.0.1,8080',
      'Bind,tcp,0:0:0:0:0:ffff:7f00:1,8080',
      'Bind,tcp,fe80:0:0:0:0:0:0:1%2,8080',
      'Bind,tcp,web,8080',
    ])
      expect(rig.answerTo(main, question)).toEqual(refusal('not-found'));
    expect(rig.answerTo(main, 'Bind,tcp,0:0:0:0:0:0:0:0,8081')).toEqual(GIVEN);
    expect(rig.answerTo(main, 'Bind,tcp,0:0:0:0:0:0:0:0,8081,@v6only=1')).toEqual(refusal('conflict'));
    expect(rig.told).toEqual([]);
    rig.end();
  });
});

describe('a question', () => {
  test('that is none is refused', () => {
    const rig = new BindRig();
    const main = rig.start('web');
    expect(rig.answerTo(main, 'Bind')).toEqual(refusal('bad-argument'));
    expect(rig.answerTo(main, 'Run,true')).toEqual(refusal('unknown-verb'));
    rig.end();
  });

  test('leaves nothing open, whatever comes with it, and whether or not its answer is waited for', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const main = rig.start('web');
    const caller = { pid: main.pid, uid: 0, gid: 0, groups: [] };
    const more = [new StreamEnd(caller, 10), new StreamEnd(caller, 10)];
    rig.ask(main, QUESTION, more);
    for (const one of more) one.release();
    expect(rig.control.kernel.notify(main, '/run/archon/bind', QUESTION)).toBe(true);
    rig.control.settle();
    expect(rig.answerTo(main, QUESTION)).toEqual(GIVEN);
    rig.end();
  });

  test('that is asked while archond is away is answered by the next one', () => {
    const rig = new BindRig();
    rig.hold('web', 'http', HTTP);
    const main = rig.start('web');
    rig.control.killArchond();
    const answer = rig.ask(main, QUESTION);
    rig.control.settle();
    expect(answer()).toBeUndefined();
    rig.restart();
    expect(answer()).toEqual(GIVEN);
    rig.end();
  });
});
