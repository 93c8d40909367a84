import type { RequestOf } from '../../protocol/request.ts';
import type { TreeMember } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { noSuchUnit } from './targets.ts';

/** `Tree`: the processes of one unit or of all, each unit's depth first, as they are while it is read. */
export function tree(house: House, request: RequestOf<'Tree'>, call: Call): void {
  const { records } = house.supervisor;
  const { label } = request.args;
  const record = label === undefined ? undefined : records.get(label);
  if (label !== undefined && record === undefined) {
    call.fail(noSuchUnit(house, label));
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
    if (call.isClosed) return;
    for (const { member, depth } of depthFirst(await membersOf(house, record))) {
      const { pid, parent, state, words } = member;
      call.data('Process', String(depth), String(pid), String(parent), record.label, state, words.join(' '));
      count += 1;
    }
    await call.untilWritable();
  }
  call.ok(String(count));
}

/** Of a unit that has two generations those of both. */
async function membersOf(house: House, record: UnitRecord): Promise<readonly TreeMember[]> {
  const own = await membersOfOne(house, record);
  return record.beside === undefined ? own : [...own, ...(await membersOfOne(house, record.beside))];
}

/** Of what is only watched the process itself: what it started is not known to be its own. */
async function membersOfOne({ sys }: House, record: UnitRecord): Promise<readonly TreeMember[]> {
  const { ref, watched } = record;
  const watchedPid = watched === undefined ? undefined : livePid(record);
  return new Promise((resolve) => {
    if (watchedPid !== undefined)
      sys.pidfds.member(watchedPid, (member) => {
        resolve(member === undefined ? [] : [member]);
      });
    else if (ref !== undefined) sys.keeper.members(ref, resolve);
    else resolve([]);
  });
}

interface Placed {
  readonly member: TreeMember;
  readonly depth: number;
}

/** Those whose parent is not in the tree (the main process, and orphans) are its roots. */
function depthFirst(members: readonly TreeMember[]): Placed[] {
  const pids = new Set(members.map(({ pid }) => pid));
  const children = new Map<number | undefined, TreeMember[]>();
  /* The last one that is put aside is looked at first: the lowest pid. */
  for (const member of [...members].sort((one, other) => other.pid - one.pid)) {
    const parent = pids.has(member.parent) ? member.parent : undefined;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [member]);
    else siblings.push(member);
  }
  const placed: Placed[] = [];
  const open: Placed[] = [];
  const put = (parent: number | undefined, depth: number): void => {
    for (const member of children.get(parent) ?? []) open.push({ member, depth });
  };
  put(undefined, 0);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    placed.push(next);
    put(next.member.pid, next.depth + 1);
  }
  return placed;
}
