import type { TreeMember } from '../sys.ts';
import type { FakeProcess } from './process.ts';

/** A process as /proc would show it. `orphansParent`: of one whose parent is not in the fake. */
export function memberOf(process: FakeProcess, orphansParent: number): TreeMember {
  return {
    pid: process.pid,
    parent: process.parent?.pid ?? orphansParent,
    state: process.stateLetter,
    words: process.attributes.argv.map((word) => Buffer.from(word).toString('latin1')),
  };
}
