import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const MIB = 1024 * 1024;

/** Memory that a process has in use, in bytes (proc(5), `VmRSS`). */
export function residentBytes(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** The most memory that a process has had in use so far, in bytes (proc(5), `VmHWM`). */
export function peakBytes(pid: number): number {
  const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** The most descriptors that this process, and what it starts, may have open. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, hard = '4096'] = /Max open files\s+\S+\s+(\d+)/.exec(limits) ?? [];
  return Number(hard);
}

/** What the descriptors of a process lead to (`socket:[1]`, `pipe:[2]`, `anon_inode:[pidfd]`, a path), as they are now. */
export function openDescriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((number) => {
    try {
      return readlinkSync(`${folder}/${number}`);
    } catch {
      return [];
    }
  });
}

/** MiB and descriptors that archond and its keeper have. */
export class Usage {
  readonly #deciding: number;
  readonly #keeper: number;

  constructor(deciding: number, keeper: number) {
    this.#deciding = deciding;
    this.#keeper = keeper;
  }

  /** How many descriptors each has; the files that archond writes are left out. */
  held(): readonly [archond: number, keeper: number] {
    const lasting = openDescriptors(this.#deciding).filter(
      (link) => !link.startsWith('/') || link === '/dev/null',
    );
    return [lasting.length, openDescriptors(this.#keeper).length];
  }

  /** The same once all that is being cleaned up, or made ahead, is: it stays so for many turns of the loop, each of which `turn` takes. */
  async heldAtRest(turn: () => Promise<unknown>): Promise<readonly [archond: number, keeper: number]> {
    let now = this.held();
    for (let turns = 0; turns < 100; turns += 1) {
      await turn();
      const next = this.held();
      if (String(next) !== String(now)) turns = 0;
      now = next;
    }
    return now;
  }

  usedMib(): readonly [archond: number, keeper: number] {
    const mib = (pid: number): number => Math.round((residentBytes(pid) / MIB) * 10) / 10;
    return [mib(this.#deciding), mib(this.#keeper)];
  }
}
