import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { canMakeCgroups } from '../../support/cgroups.ts';
import { isAlive } from '../../support/processes.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { answerOf, freePort, HOST } from '../ports/ports-rig.ts';

const SERVER = fileURLToPath(new URL('fixtures/replaced.cjs', import.meta.url));
const ROUNDS = 20;
/** The file that says what the next process does. */
const SAID = 'said';

/** A server under a supervisor, whose next process does what `say` says, and a client that connects anew all the time. */
class Rig implements AsyncDisposable {
  readonly archon: TestSupervisor;
  /** Of what the next process is told. */
  readonly #folder: string;
  readonly #over = new AbortController();
  readonly #client: Promise<void>;
  /** By whom it was answered; an empty one where nothing came. */
  readonly servers: string[] = [];
  count = 0;

  private constructor(archon: TestSupervisor, port: number, folder: string) {
    this.archon = archon;
    this.#folder = folder;
    this.#client = this.#connect(port);
    /* It is looked at in the end. */
    this.#client.catch(() => undefined);
  }

  static async start(tree: 'cgroup' | 'minder', timeout = '1m'): Promise<Rig> {
    const port = await freePort();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'archon-replaced-'));
    const say = path.join(folder, SAID);
    writeFileSync(say, '');
    const archon = await TestSupervisor.start({
      tree,
      config: `units:
  web:
    command: [node, ${SERVER}, ${say}]
    ready: {fd: 4, timeout: ${timeout}}
    on-restart: replace
    ports: {http: ${port}}
`,
    });
    expect(await archon.ask('Wait,web,@for=running')).toEqual(['Ok']);
    return new Rig(archon, port, folder);
  }

  /** Who is refused or reset ends this. */
  async #connect(port: number): Promise<void> {
    for (; !this.#over.signal.aborted; this.count += 1) {
      const pid = await answerOf({ host: HOST, port });
      if (!this.servers.includes(pid)) this.servers.push(pid);
    }
  }

  say(text: string): void {
    writeFileSync(path.join(this.#folder, SAID), text);
  }

  gate(): string {
    const fifo = path.join(this.#folder, 'gate');
    execFileSync('mkfifo', [fifo]);
    this.say(fifo);
    return fifo;
  }

  async hear(): Promise<StreamClient> {
    const client = await StreamClient.connect(this.archon.socket, 'Subscribe');
    await client.untilLine(/^Ok,/);
    return client;
  }

  async pid(): Promise<string> {
    return (await this.archon.ask('List,web'))[0]?.split(',')[3] ?? '';
  }

  /** Resolves when all that was connected has been answered; rejects where one was not. */
  async answered(): Promise<void> {
    this.#over.abort();
    await this.#client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#client.catch(() => undefined);
    await this.archon[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

describe.each(['cgroup', 'minder'] as const)(
  'a server on a port of the supervisor, with trees by %s',
  (tree) => {
    const it = test.runIf(tree === 'minder' || canMakeCgroups());

    it('is replaced again and again, and whoever connects is answered', { timeout: 120_000 }, async () => {
      await using rig = await Rig.start(tree);
      const pids = [await rig.pid()];
      for (let round = 0; round < ROUNDS; round += 1) {
        expect(await rig.archon.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
        pids.push(await rig.pid());
      }
      await rig.answered();
      expect(new Set(pids).size).toBe(ROUNDS + 1);
      expect(rig.count).toBeGreaterThan(ROUNDS);
      expect(rig.servers.filter((pid) => !pids.includes(pid))).toEqual([]);
      const events = await rig.archon.ask('Events,web');
      expect(events.filter((line) => /,(?:stopped|waiting|backoff|failed|finished)/.test(line))).toEqual([]);
    });

    it('goes on where its replacement never serves', { timeout: 60_000 }, async () => {
      await using rig = await Rig.start(tree, '500ms');
      const pid = await rig.pid();
      rig.say('never');
      const [failed] = await rig.archon.ask('Restart,web');
      expect(failed).toMatch(
        /^Failed,web,the replacement of web failed: web was not ready in time.*,failed$/,
      );
      expect(await rig.pid()).toBe(pid);
      await rig.answered();
      expect(rig.servers).toEqual([pid]);
    });

    it('is replaced though archond is killed in the midst of it', { timeout: 60_000 }, async () => {
      await using rig = await Rig.start(tree);
      const pid = await rig.pid();
      const gate = rig.gate();
      const before = await rig.hear();
      expect(await rig.archon.ask('Restart,web,@wait=0')).toEqual(['Ok,1']);
      const starting = await before.untilLine(/,web,starting,.*replaces=/);
      before[Symbol.dispose]();
      await rig.archon.killDeciding();
      expect(await rig.pid()).toBe(pid);
      const next = /pid=(\d+)/.exec(starting)?.[1] ?? '';
      expect(isAlive(Number(next))).toBe(true);
      using after = await rig.hear();
      await writeFile(gate, '');
      await after.untilLine(/,web,running,.*replaces=/);
      await after.untilLine(/,web,exited,.*replaced-by=/);
      expect(await rig.pid()).toBe(next);
      expect(isAlive(Number(pid))).toBe(false);
      /* While the old one is being stopped, and at any time. */
      await rig.archon.killDeciding();
      expect(await rig.pid()).toBe(next);
      expect(await rig.archon.ask('Status,web')).not.toContainEqual(expect.stringMatching(/^Field,beside/));
      await rig.answered();
      expect(rig.servers.filter((one) => ![pid, next].includes(one))).toEqual([]);
    });
  },
);
