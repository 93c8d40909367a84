import { Chance } from '../archond/fuzz/chance.ts';
import type { TestSupervisor } from '../support/supervisor.ts';

/** Half of all deaths come so soon after the one before was overcome, the others later. */
const SOON_MS = 20;
const LATE_MS = 300;
/** One death in so many is followed by another before it is overcome. */
const EARLY = 4;
const MOST_EARLY_MS = 200;

/** Who is killed. */
export type Victim = 'archond' | 'keeper' | 'both';

/** How often each is killed. */
export interface Deaths {
  readonly deaths: number;
  readonly keeperDeaths: number;
  readonly bothDeaths: number;
  readonly seed: number;
}

/** A time without a keeper (`CLOCK_MONOTONIC`): from just before its death to the answer of an archond under the next one. */
export interface Gap {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** How many deaths there were meanwhile, the first included; that of both counts as two. */
  readonly deaths: number;
}

/** Kills so often, in random order, soon after the last death was overcome, or before. */
export async function killAll(house: House, size: Deaths): Promise<void> {
  const chance = new Chance(size.seed);
  const victims: Victim[] = [
    ...Array<Victim>(size.deaths).fill('archond'),
    ...Array<Victim>(size.keeperDeaths).fill('keeper'),
    ...Array<Victim>(size.bothDeaths).fill('both'),
  ];
  const next = (): Victim => victims.splice(chance.below(victims.length), 1)[0] ?? 'archond';
  while (victims.length > 0) {
    await pause(chance.below(chance.onceIn(2) ? SOON_MS : LATE_MS));
    await house.kill(next());
    while (victims.length > 0 && chance.onceIn(EARLY)) {
      await pause(chance.below(MOST_EARLY_MS));
      const victim = next();
      if (await house.kill(victim)) house.early += 1;
      else victims.push(victim);
    }
    await house.overcome();
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The supervisor, and whoever starts it again where its keeper has died. */
export class House implements AsyncDisposable {
  readonly kills: Record<Victim, number> = { archond: 0, keeper: 0, both: 0 };
  /** How many deaths came before the one before was overcome. */
  early = 0;
  readonly gaps: Gap[] = [];
  #supervisor: TestSupervisor;
  /** It answers when its deciding part has come up so often. */
  #awaited = 1;
  #keeperDiedNs: bigint | undefined;
  #deathsInGap = 0;

  constructor(supervisor: TestSupervisor) {
    this.#supervisor = supervisor;
  }

  get socket(): string {
    return this.#supervisor.socket;
  }

  /** Kills, and has whoever was killed followed by another; false where there was no archond to kill. */
  async kill(victim: Victim): Promise<boolean> {
    const keeper = this.#supervisor;
    const deciding = await keeper.decidingPid().catch(() => undefined);
    if (victim === 'archond' || victim === 'both') {
      if (deciding === undefined) return false;
      /* What it has said before it dies may be heard after that: then the next death comes the earlier. */
      this.#awaited = keeper.readyCount + 1;
      process.kill(deciding, 'SIGKILL');
    }
    this.kills[victim] += 1;
    this.#deathsInGap += victim === 'both' ? 2 : 1;
    if (victim === 'archond') return true;
    this.#keeperDiedNs ??= process.hrtime.bigint();
    process.kill(keeper.pid, 'SIGKILL');
    this.#supervisor = await keeper.follow();
    this.#awaited = 1;
    return true;
  }

  /** Resolves when an archond answers. */
  async overcome(): Promise<void> {
    await this.#supervisor.untilReady(this.#awaited);
    const deaths = this.#deathsInGap;
    this.#deathsInGap = 0;
    if (this.#keeperDiedNs === undefined) return;
    this.gaps.push({ fromNs: this.#keeperDiedNs, toNs: process.hrtime.bigint(), deaths });
    this.#keeperDiedNs = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor[Symbol.asyncDispose]();
  }
}
