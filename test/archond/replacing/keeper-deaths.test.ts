import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BackgroundSupervisor } from '../../support/background.ts';
import { canMakeCgroups } from '../../support/cgroups.ts';
import { contentOf, untilFile } from '../../support/files.ts';
import { isAlive } from '../../support/processes.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { Visitor } from '../../support/visitor.ts';
import { freePort, HOST } from '../ports/ports-rig.ts';

const SERVER = fileURLToPath(new URL('fixtures/gated.cjs', import.meta.url));
const TREES = ['cgroup', 'minder'] as const;
const VICTIMS = ['keeper', 'both'] as const;

type Victim = (typeof VICTIMS)[number];

/** A server that is replaced, in the background, under a client that connects anew all the time. */
class Rig implements AsyncDisposable {
  readonly archon: BackgroundSupervisor;
  readonly visitor: Visitor;
  readonly #folder: string;
  readonly #victim: Victim;

  private constructor(archon: BackgroundSupervisor, visitor: Visitor, folder: string, victim: Victim) {
    this.archon = archon;
    this.visitor = visitor;
    this.#folder = folder;
    this.#victim = victim;
  }

  static async start(tree: 'cgroup' | 'minder', victim: Victim): Promise<Rig> {
    const port = await freePort();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-gated-'));
    /* What was said on the readiness pipe is lost where both die: then it is waited for in vain. */
    const timeout = victim === 'both' ? '5s' : '1m';
    const archon = await BackgroundSupervisor.start({
      tree,
      config: `units:
  web:
    command: [node, ${SERVER}, ${folder}]
    ready: {fd: 4, timeout: ${timeout}}
    stop: {timeout: 1m}
    on-restart: replace
    ports: {http: ${port}}
`,
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    return new Rig(archon, await Visitor.start(HOST, port, folder), folder, victim);
  }

  /** Closes a gate of the server's processes; what is returned opens it for whoever has come to it. */
  close(gate: 'serve' | 'leave'): () => Promise<void> {
    const fifo = path.join(this.#folder, gate);
    execFileSync('mkfifo', [fifo]);
    return async () => {
      await writeFile(fifo, '');
      rmSync(fifo);
    };
  }

  /** Resolves when a process of the server has written that down. */
  async until(what: string, pid: number): Promise<void> {
    await untilFile(path.join(this.#folder, 'record'), (text) => text.includes(`${what} ${pid}\n`));
  }

  async hear(): Promise<StreamClient> {
    const client = await StreamClient.connect(this.archon.socket, 'Subscribe');
    await client.untilLine(/^Ok,/);
    return client;
  }

  /** What `List` says of the unit. */
  async told(): Promise<{ readonly state: string; readonly pid: number }> {
    const [, , state = '', pid = ''] = ((await this.archon.ask('List,web'))[0] ?? '').split(',');
    return { state, pid: Number(pid) };
  }

  async die(): Promise<void> {
    if (this.#victim === 'keeper') await this.archon.killKeeper();
    else await this.archon.killBoth();
  }

  /** Waits until there is one process again, which is the one that is told of and serves; returns it. */
  async rest(): Promise<number> {
    const isAtRest = async (): Promise<boolean> => {
      const status = await this.archon.ask('Status,web');
      const { state } = await this.told();
      return state === 'running' && !status.some((line) => line.startsWith('Field,beside,'));
    };
    await expect.poll(isAtRest).toBe(true);
    const { pid } = await this.told();
    expect(this.archon.processes).toEqual([{ pid, label: 'web' }]);
    await this.visitor.untilAnswered(3);
    return pid;
  }

  /** All that began did so once, and each that is no more has ended once. */
  async expectWholeStory(): Promise<void> {
    const record = (contentOf(path.join(this.#folder, 'record')) ?? '').split('\n');
    const begun = record.filter((line) => line.startsWith('begins ')).map((line) => line.split(' ')[1]);
    expect(new Set(begun).size).toBe(begun.length);
    const events = (await this.archon.ask('Events,web')).map((line) => line.split(','));
    const count = (kind: string, pid: string): number =>
      events.filter((words) => words[4] === kind && words.includes(`pid=${pid}`)).length;
    for (const pid of begun)
      expect([count('starting', pid ?? ''), count('exited', pid ?? '')], `process ${pid}`).toEqual([
        1,
        isAlive(Number(pid)) ? 0 : 1,
      ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.visitor[Symbol.asyncDispose]();
    await this.archon[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The new process, of whose start this client has been told. */
async function nextProcess(client: StreamClient): Promise<number> {
  const line = await client.untilLine(/,web,starting,.*replaces=/);
  return Number(/pid=(\d+)/.exec(line)?.[1]);
}

/** A client that waits for the answer to its order: it gets one, or its connection ends. */
async function order(rig: Rig): Promise<StreamClient> {
  return StreamClient.connect(rig.archon.socket, 'Restart,web');
}

async function expectAnswered(client: StreamClient): Promise<void> {
  while (!client.isClosed && !client.lines.some((line) => /^(?:Ok|Error)/.test(line))) await client.change();
  client[Symbol.dispose]();
}

/** A replacement under way, of which the process named last is the new one; the gate is closed until it is opened. */
interface UnderWay extends Disposable {
  readonly open: () => Promise<void>;
  readonly client: StreamClient;
  readonly pid: number;
  readonly next: number;
}

/** Orders a replacement that comes to this gate, and no further; the new process has been started. */
async function replaced(rig: Rig, gate: Parameters<Rig['close']>[0]): Promise<UnderWay> {
  const { pid } = await rig.told();
  const open = rig.close(gate);
  const heard = await rig.hear();
  const client = await order(rig);
  const next = await nextProcess(heard);
  return {
    open,
    client,
    pid,
    next,
    [Symbol.dispose]: () => {
      heard[Symbol.dispose]();
    },
  };
}

/** Deaths at the points of a replacement. */
const POINTS: Readonly<Record<string, (rig: Rig, victim: Victim) => Promise<void>>> = {
  'when the order was answered, and the keeper has not made the new process': async (rig) => {
    const { pid } = await rig.told();
    process.kill(rig.archon.keeper, 'SIGSTOP');
    expect(await rig.archon.ask('Restart,web,@wait=0')).toEqual(['Ok,1']);
    await rig.die();
    expect(await rig.rest()).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  },
  'while the new one is not ready': async (rig, victim) => {
    using way = await replaced(rig, 'serve');
    const { open, client, pid, next } = way;
    await rig.until('begins', next);
    await rig.die();
    await expectAnswered(client);
    expect(await rig.told()).toEqual({ state: 'running', pid });
    expect([pid, next].filter(isAlive)).toEqual([pid, next]);
    await open();
    /* Where both have died nobody hears it say that it is ready. */
    expect(await rig.rest()).toBe(victim === 'keeper' ? next : pid);
  },
  'when the new one has said that it is ready, and nobody has heard it': async (rig, victim) => {
    using way = await replaced(rig, 'serve');
    const { open, client, pid, next } = way;
    await rig.until('begins', next);
    const { deciding } = rig.archon;
    process.kill(deciding, 'SIGSTOP');
    await open();
    await rig.until('serves', next);
    const died = rig.die();
    if (victim === 'keeper') process.kill(deciding, 'SIGCONT');
    await died;
    await expectAnswered(client);
    const left = await rig.rest();
    if (victim === 'keeper') expect(left).toBe(next);
    else expect([pid, next]).toContain(left);
  },
  'while the old one leaves': async (rig) => {
    using way = await replaced(rig, 'leave');
    const { open, client, pid, next } = way;
    await rig.until('is-told', pid);
    await rig.die();
    await expectAnswered(client);
    expect(await rig.told()).toEqual({ state: 'running', pid: next });
    expect([pid, next].filter(isAlive)).toEqual([pid, next]);
    await open();
    expect(await rig.rest()).toBe(next);
    expect(isAlive(pid)).toBe(false);
  },
};

describe.each(TREES)('a replacement in the background, with trees by %s,', (tree) => {
  const it = test.runIf(tree === 'minder' || canMakeCgroups());

  it.each(VICTIMS)('comes to one of both where these die in it: %s', { timeout: 240_000 }, async (victim) => {
    await using rig = await Rig.start(tree, victim);
    for (const play of Object.values(POINTS)) {
      await play(rig, victim);
      await rig.expectWholeStory();
    }
    expect(await rig.archon.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
    await rig.rest();
    await rig.expectWholeStory();
    expect(await rig.visitor.end()).toMatchObject({ refused: 0, reset: 0, failed: 0 });
  });
});
