import type { Control } from '../../../src/sys/fake/control.ts';
import type { FakeProcess } from '../../../src/sys/fake/process.ts';

/** What a process of the machine went through, as the machine itself saw it. */
export interface Life {
  readonly pid: number;
  /** What its environment says, or the order that it was forked under. */
  readonly label: string;
  /** The first of its tree: what its unit is about. The others were forked by it. */
  readonly isFirst: boolean;
  /** It was run beside the unit's own process: a stop command. */
  readonly isBeside: boolean;
  readonly bornAtMs: number;
  /** Instants at which it took note of SIGTERM, where its program does so. */
  readonly terms: number[];
  endedAtMs: number | undefined;
  /** `code=N` or `signal=NAME`, as an event says it. */
  end: string | undefined;
}

/** Programs that are run beside units. */
const BESIDE = ['undo'];
const NAMES: Readonly<Record<number, string>> = { 9: 'SIGKILL', 15: 'SIGTERM' };

/**
 * The book of a machine: each process with its beginning and its end. Whatever archond and the keeper tell is compared
 * with it; nothing in it comes from them.
 */
export class Ledger {
  readonly lives: Life[] = [];
  /** Two lives of one label side by side, and the like. */
  readonly faults: string[] = [];
  readonly #byPid = new Map<number, Life>();

  constructor({ kernel }: Control) {
    const make = kernel.make.bind(kernel);
    kernel.make = (origin) => {
      const process = make(origin);
      this.#born(process, kernel.loop.nowMs());
      process.watchers.add(() => {
        this.#ended(process, kernel.loop.nowMs());
      });
      return process;
    };
  }

  /** The lives of a label: of the processes that the unit is about. */
  of(label: string): Life[] {
    return this.lives.filter((life) => life.label === label && life.isFirst && !life.isBeside);
  }

  /** Its process takes note of SIGTERM. */
  term(process: FakeProcess, atMs: number): void {
    this.#byPid.get(process.pid)?.terms.push(atMs);
  }

  /** What is there now: `label`, with `(forked)` or `(beside)` where it is that. */
  get present(): string[] {
    const present = this.lives.filter(({ endedAtMs }) => endedAtMs === undefined);
    return present
      .map(({ label, isFirst, isBeside }) =>
        isBeside ? `${label} (beside)` : isFirst ? label : `${label} (forked)`,
      )
      .sort();
  }

  #born(process: FakeProcess, atMs: number): void {
    const label = settingOf(process, 'ARCHON_LABEL') ?? '';
    const isBeside = BESIDE.some((name) => process.args[0]?.endsWith(`/${name}`) === true);
    const isFirst = process.parent === undefined;
    const other = this.lives.find(
      (life) => life.label === label && life.endedAtMs === undefined && life.isBeside === isBeside,
    );
    if (isFirst && other !== undefined)
      this.faults.push(`${label}: process ${process.pid} begins beside ${other.pid}`);
    const life = { pid: process.pid, label, isFirst, isBeside, bornAtMs: atMs, terms: [] };
    const begun: Life = { ...life, endedAtMs: undefined, end: undefined };
    this.lives.push(begun);
    this.#byPid.set(process.pid, begun);
  }

  #ended({ pid, end }: FakeProcess, atMs: number): void {
    const life = this.#byPid.get(pid);
    if (life === undefined || end === undefined || life.end !== undefined) return;
    life.endedAtMs = atMs;
    if (end.kind === 'exited') life.end = `code=${end.code}`;
    else if (end.kind === 'signalled') life.end = `signal=${NAMES[end.signal] ?? end.signal}`;
    else life.end = 'unknown=1';
  }
}

function settingOf({ attributes }: FakeProcess, name: string): string | undefined {
  const settings = attributes.env.map((one) => Buffer.from(one).toString());
  return settings.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}
