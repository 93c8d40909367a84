import { readFileSync } from 'node:fs';

/** A process by what it wrote down itself. */
export interface Life {
  readonly pid: number;
  readonly label: string;
  readonly bornNs: bigint;
  /** Undefined where it was killed before it could say so. */
  endedNs: bigint | undefined;
  code: number | undefined;
}

/** Reads what the daemons wrote down (`test/fixtures/mortal.c`), in the order in which they began. */
export function readBook(file: string): Life[] {
  const lives: Life[] = [];
  const latest = new Map<string, Life>();
  for (const line of readFileSync(file, 'latin1').split('\n').slice(0, -1)) {
    const [what, pid = '', label = '', ns = '', code = ''] = line.split(' ');
    if (what === 'B') {
      const life: Life = { pid: Number(pid), label, bornNs: BigInt(ns), endedNs: undefined, code: undefined };
      lives.push(life);
      latest.set(pid, life);
      continue;
    }
    const life = latest.get(pid);
    if (what !== 'E' || life?.label !== label) throw new Error(`no line of a daemon: ${line}`);
    life.endedNs = BigInt(ns);
    life.code = Number(code);
  }
  return lives;
}
