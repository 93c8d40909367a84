import { Chance } from '../archond/fuzz/chance.ts';
import { freePort, HOST } from '../archond/ports/ports-rig.ts';
import { compileFixture } from '../support/fixture.ts';
import { Visitor } from '../support/visitor.ts';
import { askOnce } from './client.ts';
import type { Gap } from './house.ts';

/** Between two restarts of a server. */
const MOST_PAUSE_MS = 400;
/** Between two connections: what else is tortured is to have some of the processor. */
const PAUSE_MS = 1;
const REPLACED = 'web-replaced';
const RESTARTED = 'web-restarted';

/**
 * Two servers on ports of the supervisor, which are restarted all the time, each under a client that opens a new connection
 * each time. One takes the socket and is replaced: there is always a process that has it open, so that nobody may
 * ever be refused. The other one binds by itself and is stopped first.
 */
export class Served {
  /** The configuration of the servers. */
  readonly config: string;
  readonly #ports: readonly [replaced: number, restarted: number];
  readonly #folder: string;
  #visitors: readonly Visitor[] = [];
  /** How often each was restarted, as it was answered. */
  restarts = 0;

  private constructor(
    folder: string,
    ports: readonly [number, number],
    more: Readonly<Record<string, unknown>>,
  ) {
    const program = compileFixture('server', folder);
    this.#folder = folder;
    this.#ports = ports;
    const [replaced, restarted] = ports;
    const unit = { ready: { fd: 4 }, restart: 'always' };
    this.config = JSON.stringify({
      version: 1,
      units: {
        ...more,
        [REPLACED]: { ...unit, command: [program], 'on-restart': 'replace', ports: { http: replaced } },
        [RESTARTED]: {
          ...unit,
          command: [program, String(restarted)],
          ports: { http: { port: restarted, pass: 'bind' } },
        },
      },
    });
  }

  /** `folder` is for the programs; everybody may read it. `more` are further units of the configuration. */
  static async prepare(folder: string, more: Readonly<Record<string, unknown>>): Promise<Served> {
    return new Served(folder, [await freePort(), await freePort()], more);
  }

  /** Whether a label is that of one of the servers. */
  static isServer(label: string): boolean {
    return label === REPLACED || label === RESTARTED;
  }

  /** Connects, and restarts both until it is told to end. */
  async torment(socket: string, seed: number, isOver: () => boolean): Promise<void> {
    this.#visitors = await Promise.all(
      this.#ports.map(async (port) => Visitor.start(HOST, port, this.#folder, PAUSE_MS)),
    );
    const chance = new Chance(seed);
    while (!isOver()) {
      const lines = await askOnce(socket, `Restart,${chance.pick([REPLACED, RESTARTED] as const)}`);
      if (lines?.at(-1) === 'Ok,1') this.restarts += 1;
      await new Promise((resolve) => setTimeout(resolve, chance.below(MOST_PAUSE_MS)));
    }
  }

  /**
   * What was counted, and what may not be. Where all who held the socket of the one that is stopped first had died while it had
   * no process, it may be refused until an archond answers.
   */
  async end(
    gaps: readonly Gap[],
  ): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly wrong: readonly string[] }> {
    const [replaced, restarted] = await Promise.all(this.#visitors.map(async (visitor) => visitor.end()));
    if (replaced === undefined || restarted === undefined) throw new Error('nobody has connected');
    const wrong: string[] = [];
    const isExcused = (ns: bigint): boolean =>
      gaps.some(({ deaths, fromNs, toNs }) => deaths > 1 && fromNs <= ns && ns <= toNs);
    const excused = restarted.lostAtNs.filter(isExcused).length;
    const lost = restarted.refused + restarted.reset - excused;
    if (lost > 0) wrong.push(`${RESTARTED}: ${lost} connections were refused or reset`);
    if (restarted.failed > 0) wrong.push(`${RESTARTED}: ${restarted.failed} connections failed`);
    for (const what of ['refused', 'reset', 'failed'] as const)
      if (replaced[what] > 0) wrong.push(`${REPLACED}: ${replaced[what]} connections were ${what}`);
    const counts = {
      'restarts of servers': this.restarts,
      'connections to the one that is replaced': replaced.connections,
      'of these refused': replaced.refused,
      'of these reset': replaced.reset,
      'connections to the one that is stopped first': restarted.connections,
      'of these refused or reset': lost,
      'of these likewise, while nobody had the socket': excused,
    };
    return { counts, wrong };
  }

  /** Ends the clients, whatever they do. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const visitor of this.#visitors) await visitor[Symbol.asyncDispose]();
  }
}
