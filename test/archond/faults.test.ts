import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/archond/admission.ts';
import type { Call } from '../../src/archond/call.ts';
import { faultsTo } from '../../src/archond/faults.ts';
import type { Log } from '../../src/archond/log.ts';
import { Session } from '../../src/archond/session.ts';
import type { Request } from '../../src/protocol/request.ts';
import type { FakeClient } from '../../src/sys/fake/client.ts';
import { Rig } from '../sys/fake/rig.ts';

const SOCKET = '/run/archon.sock';

/** Sessions whose requests are carried out by `carryOut`, and what was logged of them. */
class Served {
  readonly rig = new Rig();
  readonly logged: string[] = [];
  readonly left: Session[] = [];

  constructor(carryOut: (request: Request, call: Call, broke: (error: unknown, call: Call) => void) => void) {
    const { sys, control } = this.rig;
    control.kernel.files.makeFolders('/run', 0o755, 0);
    const nothing = (): void => undefined;
    const error: Log['error'] = (message, details) => {
      this.logged.push(`${message}: ${String(details?.['error']).split('\n')[0] ?? ''}`);
    };
    const { broke, failed } = faultsTo({ error, warn: nothing, info: nothing, debug: nothing });
    const admission = new Admission(sys, 1024, control.kernel.user.uid, () => []);
    sys.sockets.listen(SOCKET, 0o600, (connection) => {
      const admitted = admission.admit(connection);
      if (admitted === undefined) return;
      new Session(connection, admitted, {
        carryOut: (request, call) => {
          carryOut(request, call, broke);
        },
        whenIdle: (action) => {
          action();
        },
        isShuttingDown: () => {
          throw new Error('a defect of the house');
        },
        closeDescriptor: (descriptor) => {
          sys.descriptors.close(descriptor);
        },
        left: (session) => {
          this.left.push(session);
        },
        broke,
        failed,
      });
    });
  }

  connect(): FakeClient {
    const connected = this.rig.control.connect(SOCKET);
    return connected.ok ? connected.value : expect.fail(connected.error);
  }

  /** What the client has been answered once everything is at rest. */
  answers(client: FakeClient, lines: string): string[] {
    client.send(lines);
    this.rig.control.settle();
    return client.received.toString('latin1').split('\n').slice(0, -1);
  }
}

const INTERNAL = 'Error,the supervisor made a mistake,internal';

describe('a request that makes the supervisor throw', () => {
  it('is answered internal, with its tag, and logged; its connection goes on, and so do others', () => {
    const served = new Served((request, call) => {
      if (request.verb === 'List') throw new Error('a defect');
      call.ok(request.verb);
    });
    const other = served.connect();
    const client = served.connect();
    expect(served.answers(client, 'Version\nList\n#7,List\nVersion\n')).toEqual([
      'Ok,Version',
      INTERNAL,
      `#7,${INTERNAL}`,
      'Ok,Version',
    ]);
    expect(served.logged).toEqual(Array(2).fill('a request failed: Error: a defect'));
    expect(served.answers(other, 'Version\n')).toEqual(['Ok,Version']);
    expect(served.left).toEqual([]);
  });

  it('later is answered the same, and what comes behind it has its turn', async () => {
    const served = new Served((request, call, broke) => {
      if (request.verb === 'Version') call.ok('1');
      else
        Promise.reject(new TypeError('a defect')).catch((error: unknown) => {
          broke(error, call);
        });
    });
    const client = served.connect();
    expect(served.answers(client, 'List\nVersion\n')).toEqual([]);
    await Promise.resolve();
    expect(served.answers(client, '')).toEqual([INTERNAL, 'Ok,1']);
    expect(served.logged).toEqual(['a request failed: TypeError: a defect']);
  });

  it('after it was answered changes nothing of the answer', () => {
    const served = new Served((_request, call) => {
      call.ok('done');
      throw new Error('a defect');
    });
    expect(served.answers(served.connect(), 'Version\nVersion\n')).toEqual(['Ok,done', 'Ok,done']);
    expect(served.logged).toHaveLength(2);
  });
});

describe('a session that makes the supervisor throw', () => {
  it('is told internal and hung up on, logged, and nobody else notices', () => {
    const served = new Served((request, call) => {
      call.ok(request.verb);
    });
    const other = served.connect();
    const client = served.connect();
    /* Whether there is a shutdown is asked by the session, before anything is carried out. */
    expect(served.answers(client, 'Version\nRun,true\nVersion\n')).toEqual(['Ok,Version', INTERNAL]);
    expect(client.ended || client.gone).toBe(true);
    expect(served.left).toHaveLength(1);
    expect(served.logged).toEqual(['a session failed: Error: a defect of the house']);
    expect(served.answers(other, 'Version\n')).toEqual(['Ok,Version']);
  });
});
