import { accessSync, constants } from 'node:fs';
import type { Controller, WhyNoController } from '../../base/controllers.ts';
import type { TreesPlace } from '../limits.ts';
import { reading } from './reading.ts';

const MOST_BYTES = 1024 * 1024;

/**
 * Whether trees made at that place could be limited by the controller: undefined, or why not. Looks, and changes nothing.
 * Where no supervisor is known yet, it is judged by what the mount has.
 *
 * @param root where `/proc` and all folders of cgroups are looked for, `/` unless it is a test's
 */
export function whyWithout(
  controller: Controller,
  place: TreesPlace,
  root = '',
): WhyNoController | undefined {
  if (place.kind === 'minders' || place.kind === 'unlimited') return { kind: place.kind };
  const mount = mountPoint(root);
  if (mount === undefined) return { kind: 'unmounted' };
  const isAbove = wordsOf(`${root}${mount}/cgroup.controllers`).includes(controller);
  if (!isAbove) return { kind: isOfVersion1(controller, root) ? 'version-1' : 'absent' };
  if (place.kind === 'unknown') return undefined;
  const own = `${root}${place.folder}`;
  const home = own.slice(0, own.lastIndexOf('/'));
  const folder = home.slice(root.length);
  /* What its own root has it may give on: no process is in that. */
  if (wordsOf(`${own}/cgroup.controllers`).includes(controller)) return undefined;
  if (!wordsOf(`${home}/cgroup.controllers`).includes(controller)) return { kind: 'not-given', folder };
  if (!isWritable(`${home}/cgroup.subtree_control`)) return { kind: 'closed', folder };
  /* The root of all cgroups alone may have both, and has no such file. */
  const isTop = !reading.kindOf(`${home}/cgroup.type`).ok;
  if (!isTop && wordsOf(`${home}/cgroup.procs`).length > 0) return { kind: 'inhabited', folder };
  return undefined;
}

function textOf(file: string): string {
  const read = reading.read(file, MOST_BYTES);
  return read.ok ? Buffer.from(read.value).toString('latin1') : '';
}

function wordsOf(file: string): readonly string[] {
  return textOf(file)
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Where cgroup2 is mounted (proc_pid_mountinfo(5)). */
function mountPoint(root: string): string | undefined {
  const line = textOf(`${root}/proc/self/mountinfo`)
    .split('\n')
    .find((one) => one.includes(' - cgroup2 '));
  return line?.split(' ')[4];
}

/** cgroups(7), `/proc/cgroups`: a controller with a hierarchy of its own belongs to version 1. */
function isOfVersion1(controller: Controller, root: string): boolean {
  return textOf(`${root}/proc/cgroups`)
    .split('\n')
    .map((line) => line.split('\t'))
    .some(([name, hierarchy]) => name === controller && hierarchy !== undefined && hierarchy !== '0');
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
