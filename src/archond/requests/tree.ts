import type { RequestOf } from '../../protocol/request.ts';
import type { TreeMember } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { noSuchUnit } from './targets.ts';

/** `Tree`: the processes of one unit or of all, each unit's depth first, as they are while it is read. */
export function tree(house: House, request: RequestOf<'Tree'>, call: Call): void {
  const { records } = house.supervisor;
  const { label } = request.args;
  const record = label === undefined ? undefined : records.get(label);
  if (label !== undefined && record === undefined) {
    call.fail(noSuchUnit(label));
    return;
  }
  const wanted = record === undefined ? [...records.values()] : [record];
  wanted.sort((one, other) => (one.label < other.label ? -1 : 1));
  sendTrees(house, wanted, call).catch((error: unknown) => {
    house.log.error('trees could not be sent', { error: String(error) });
    call.fail({ code: 'internal', message: 'the supervisor made a mistake' });
  });
}

/** One unit after the other, so that many of them do not open their files at once. */
async function sendTrees(house: House, records: readonly UnitRecord[], call: Call): Promise<void> {
  let count = 0;
  for (const record of records) {
    const { ref } = record;
    if (ref === undefined || call.isClosed) continue;
    const members = await new Promise<readonly TreeMember[]>((resolve) => {
      house.sys.keeper.members(ref, resolve);
    });
    for (const { member, depth } of depthFirst(members)) {
      const { pid, parent, state, words } = member;
      call.data('Process', String(depth), String(pid), String(parent), record.label, state, words.join(' '));
      count += 1;
    }
    await call.untilWritable();
  }
  call.ok(String(count));
}

interface Placed {
  readonly member: TreeMember;
  readonly depth: number;
}

/** Those whose parent is not in the tree (the main process, and orphans) are its roots. */
function depthFirst(members: readonly TreeMember[]): Placed[] {
  const sorted = [...members].sort((one, other) => one.pid - other.pid);
  const pids = new Set(sorted.map(({ pid }) => pid));
  const placed: Placed[] = [];
  const place = (member: TreeMember, depth: number): void => {
    placed.push({ member, depth });
    for (const child of sorted) if (child.parent === member.pid) place(child, depth + 1);
  };
  for (const member of sorted) if (!pids.has(member.parent)) place(member, 0);
  return placed;
}
