import { inTurns } from './in-turns.ts';
import { lateFiles } from './late-files.ts';
import type { TreeMember } from '../sys.ts';
import type { TreePlace } from './table.ts';

/**
 * The processes of a tree that have not ended, by what /proc says while it is asked: some may have
 * come or gone meanwhile. Never rejects.
 */
export async function treeMembers(place: TreePlace | undefined): Promise<readonly TreeMember[]> {
  if (place === undefined) return [];
  const pids = place.kind === 'cgroup' ? await membersOfCgroup(place.folder) : await descendantsOf(place.pid);
  const members = await inTurns(pids, memberOf);
  return members.filter((member) => member !== undefined);
}

/** Of the cgroup and of those that the tree made below it. */
async function membersOfCgroup(folder: string): Promise<number[]> {
  const pids = numbersIn(await textOf(`${folder}/cgroup.procs`));
  const entries = await (await lateFiles()).readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) pids.push(...(await membersOfCgroup(`${folder}/${entry.name}`)));
  }
  return pids;
}

/** All processes below a process, which may come or go meanwhile. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  const deeper = await inTurns(children, descendantsOf);
  return [...children, ...deeper.flat()];
}

/** The children of all its threads (proc(5), `children`). */
async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await (await lateFiles()).readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await inTurns(tasks, async (task) => textOf(`/proc/${pid}/task/${task}/children`));
  return lists.flatMap(numbersIn);
}

/** One process, undefined where it has ended. */
export async function memberOf(pid: number): Promise<TreeMember | undefined> {
  const [stat, line] = await Promise.all([textOf(`/proc/${pid}/stat`), textOf(`/proc/${pid}/cmdline`)]);
  // The name stands in parentheses and may hold any byte: the fields are counted from the last one.
  const close = stat.lastIndexOf(')');
  const [state, parent] = stat.slice(close + 2).split(' ');
  if (close < 0 || state === undefined || state === 'Z' || state === 'X') return undefined;
  const words =
    line === '' ? [`[${stat.slice(stat.indexOf('(') + 1, close)}]`] : line.replace(/\0$/, '').split('\0');
  return { pid, parent: Number(parent), state, words };
}

/** The numbers of a text. */
export function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

/** Nothing where the process, or the cgroup, is gone. */
async function textOf(file: string): Promise<string> {
  return (await lateFiles()).readFile(file, 'latin1').catch(() => '');
}
