import { readFileSync, watch } from 'node:fs';
import { errnoNumber } from '../../base/errno.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { NO_KILLS, type Limits, type MemoryKills, type TreeLimits, type TreesPlace } from '../limits.ts';
import type { Cancel, ProcessRef, SysError } from '../sys.ts';
import { cpuMaxOf, percentOf } from './cpu-max.ts';
import type { RealKeeper } from './keeper.ts';
import { lateFiles } from './late-files.ts';
import { thrownError } from './thrown-error.ts';

/** One file of a cgroup that holds a limit, and its controller. */
interface LimitFile {
  readonly controller: string;
  readonly name: string;
  readonly text: (limits: TreeLimits) => string | undefined;
}

const NONE = 'max';
const FILES: readonly LimitFile[] = [
  {
    controller: 'memory',
    name: 'memory.max',
    text: ({ memoryBytes }) => memoryBytes?.toString(),
  },
  {
    controller: 'cpu',
    name: 'cpu.max',
    text: ({ cpuPercent }) => {
      if (cpuPercent === undefined) return undefined;
      const { quotaUs, periodUs } = cpuMaxOf(cpuPercent);
      return `${quotaUs} ${periodUs}`;
    },
  },
  { controller: 'pids', name: 'pids.max', text: ({ pids }) => pids?.toString() },
];

/** `Sys.limits` over the files of cgroups. A new tree gets its limits of the keeper, which nobody may hold up as these writes may. */
export class RealLimits implements Limits {
  readonly #keeper: Pick<RealKeeper, 'treesPlace' | 'treePlace' | 'memoryKills' | 'isOver'>;

  constructor(keeper: Pick<RealKeeper, 'treesPlace' | 'treePlace' | 'memoryKills' | 'isOver'>) {
    this.#keeper = keeper;
  }

  place(): TreesPlace {
    return this.#keeper.treesPlace;
  }

  set(ref: ProcessRef, limits: TreeLimits, done: (result: Result<undefined, SysError>) => void): void {
    void this.#set(ref, limits).then(done);
  }

  /** All three are tried, whatever becomes of one; the first error counts. */
  async #set(ref: ProcessRef, limits: TreeLimits): Promise<Result<undefined, SysError>> {
    let outcome: Result<undefined, SysError> = ok(undefined);
    for (const { controller, name, text } of FILES) {
      const wanted = text(limits);
      /* Asked for each time: it may end, and the next cgroup have its place. */
      const place = this.#keeper.treePlace(ref);
      if (place?.kind !== 'cgroup') return err(missing(name));
      const root = place.folder.slice(0, place.folder.lastIndexOf('/'));
      let written = await write(`${place.folder}/${name}`, wanted ?? NONE);
      const isMissing = !written.ok && ['ENOENT', 'EACCES'].includes(written.error.code);
      /* What cannot be limited is not. */
      if (isMissing && wanted === undefined) continue;
      if (isMissing) {
        const enabled = await enable(root, controller);
        written = enabled.ok ? await write(`${place.folder}/${name}`, wanted ?? NONE) : enabled;
      }
      if (outcome.ok && !written.ok) outcome = written;
    }
    return outcome;
  }

  read(ref: ProcessRef, done: (limits: TreeLimits) => void): void {
    void this.#read(ref).then(done);
  }

  async #read(ref: ProcessRef): Promise<TreeLimits> {
    const place = this.#keeper.treePlace(ref);
    if (place?.kind !== 'cgroup') return {};
    const text = async (name: string): Promise<string> => {
      const { readFile } = await lateFiles();
      return readFile(`${place.folder}/${name}`, 'latin1').catch(() => NONE);
    };
    const [memory, cpu, pids] = await Promise.all([text('memory.max'), text('cpu.max'), text('pids.max')]);
    const cpuPercent = percentOf(cpu);
    return {
      ...(memory.startsWith(NONE) ? {} : { memoryBytes: Number(memory) }),
      ...(cpuPercent === undefined ? {} : { cpuPercent }),
      ...(pids.startsWith(NONE) ? {} : { pids: Number(pids) }),
    };
  }

  kills(ref: ProcessRef): MemoryKills {
    const noted = this.#keeper.memoryKills(ref);
    if (this.#keeper.isOver(ref)) return noted;
    const folder = this.#folder(ref);
    const counted = folder === undefined ? NO_KILLS : killsIn(`${folder}/memory.events`);
    return counted.processes > noted.processes ? counted : noted;
  }

  watch(ref: ProcessRef, ring: () => void): Cancel {
    const folder = this.#folder(ref);
    if (folder === undefined) return () => undefined;
    try {
      /* The kernel makes an event of the file's modification whenever a number in it changes. */
      const watcher = watch(`${folder}/memory.events`, () => ring());
      watcher.on('error', () => watcher.close());
      return () => watcher.close();
    } catch {
      return () => undefined;
    }
  }

  #folder(ref: ProcessRef): string | undefined {
    const place = this.#keeper.treePlace(ref);
    return place?.kind === 'cgroup' ? place.folder : undefined;
  }
}

/** What a file of the form of `memory.events` says; nothing where there is none. */
export function killsIn(file: string): MemoryKills {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return NO_KILLS;
  }
  const count = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { processes: count('oom_kill'), isOwnLimit: count('oom') > 0 };
}

/** Cgroups below the root have the controller from now on: as native/keeper/limits.c does it. */
async function enable(root: string, controller: string): Promise<Result<undefined, SysError>> {
  const word = `+${controller}`;
  const own = await write(`${root}/cgroup.subtree_control`, word);
  if (own.ok || own.error.code !== 'ENOENT') return own;
  const above = await write(`${root}/../cgroup.subtree_control`, word);
  return above.ok ? write(`${root}/cgroup.subtree_control`, word) : above;
}

async function write(file: string, text: string): Promise<Result<undefined, SysError>> {
  const { open } = await lateFiles();
  try {
    const opened = await open(file, 'r+');
    try {
      await opened.write(text);
      return ok(undefined);
    } finally {
      await opened.close();
    }
  } catch (error) {
    return err(thrownError(error));
  }
}

function missing(name: string): SysError {
  return { code: 'ENOENT', errno: errnoNumber('ENOENT') ?? 0, call: `open ${name}` };
}
