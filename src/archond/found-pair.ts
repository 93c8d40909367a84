import type { StopReason } from '../supervisor/state.ts';
import type { ProcessEntry } from '../sys/sys.ts';
import type { Wish } from './remembered-unit.ts';

/** The entries of one label, by what they are to its unit. */
export interface FoundPair {
  /** Of the unit's own generation. */
  readonly own: ProcessEntry;
  /** Of the generation beside it, where it had two. */
  readonly beside: ProcessEntry | undefined;
  /** The others: of which nothing was left when what came after them was asked for. */
  readonly late: readonly ProcessEntry[];
}

/**
 * Which generation is which. What was written down says so, also of what has ended since; where it does not, the older of
 * two that are not over is the one that was there first, and the younger is to take its place.
 */
export function pairOf(
  first: ProcessEntry,
  others: readonly ProcessEntry[],
  wish: Wish | undefined,
): FoundPair {
  const all = [first, ...others].sort((one, other) => one.generation - other.generation);
  const { generation, beside: other } = wish ?? {};
  const isNamed = (entry: ProcessEntry): boolean =>
    other !== undefined && (entry.generation === generation || entry.generation === other.generation);
  const open = all.filter((entry) => isNamed(entry) || !isOver(entry));
  const own = open.find((entry) => entry.generation === generation) ?? open[0] ?? all.at(-1) ?? first;
  const beside =
    open.find((entry) => entry !== own && isNamed(entry)) ?? open.filter((entry) => entry !== own).at(-1);
  return { own, beside, late: all.filter((entry) => entry !== own && entry !== beside) };
}

/**
 * What is remembered of a unit whose replacement had become ready, as it is to be once they have exchanged: what an earlier
 * archond had told, and had not come to any more. Others are as they are.
 *
 * @param wasToldReady whether that was told of the generation beside the unit's own, where it is not written down
 */
export function asExchanged(
  wish: Wish | undefined,
  wasToldReady: (generation: number) => boolean,
): Wish | undefined {
  const { beside } = wish ?? {};
  if (wish === undefined || beside?.generation === undefined) return wish;
  const { generation } = beside;
  const isYounger = generation > (wish.generation ?? generation);
  const isReady = beside.at === 'up' && (beside.ready === generation || wasToldReady(generation));
  const mayBe = wish.at === 'up' || (wish.desired === 'up' && isOfItself(wish.stop?.reason));
  if (!isYounger || !isReady || !mayBe) return wish;
  return { ...beside, ready: generation, beside: { ...wish, beside: undefined, replaceNext: undefined } };
}

/** Nothing is left of it, and that was told. */
function isOver({ state, acknowledged }: ProcessEntry): boolean {
  return state === 'empty' && acknowledged === 'empty';
}

/** Whether a stop for this reason is the unit's own affair. */
function isOfItself(reason: StopReason | undefined): boolean {
  return reason === 'unhealthy' || reason === 'over-limit';
}
