import type { SeenProcess } from './event.ts';

/** How often a process is looked at: the second time it has become what it was to be, if it was new at the first. */
const LOOKS = 2;

/** Which processes there are that have not been looked at often enough. */
export class Lookout {
  readonly #looked = new Map<number, number>();

  /** Those among all present ones that are to be looked at now. @param processOf undefined where it has ended */
  due(pids: readonly number[], processOf: (pid: number) => SeenProcess | undefined): readonly SeenProcess[] {
    const present = new Set(pids);
    for (const pid of [...this.#looked.keys()]) if (!present.has(pid)) this.#looked.delete(pid);
    return pids.flatMap((pid) => {
      const looks = this.#looked.get(pid) ?? 0;
      if (looks >= LOOKS) return [];
      this.#looked.set(pid, looks + 1);
      return processOf(pid) ?? [];
    });
  }

  /** All are looked at again: what is looked for has changed. */
  begin(): void {
    this.#looked.clear();
  }
}
