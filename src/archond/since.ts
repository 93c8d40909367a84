import type { House } from './house.ts';
import type { Wish } from './remembered-unit.ts';
import type { UnitRecord } from './unit-record.ts';

/** Its state is as old as it was before: by its last event, by what is remembered of it, or as its process. */
export function putSince(
  { chronicle, sys }: House,
  record: UnitRecord,
  wish: Wish | undefined,
  startedAtMs?: number,
): void {
  const past = chronicle.unitBefore(record.label);
  if (past?.state === record.shownState && past.sinceNs !== undefined) record.sinceNs = past.sinceNs;
  else if (wish?.since !== undefined && wish.at === record.shownState) record.sinceNs = BigInt(wish.since);
  else if (startedAtMs !== undefined) {
    const agoMs = sys.clock.monotonicMs() - startedAtMs;
    record.sinceNs = sys.clock.realtimeNs() - BigInt(Math.round(agoMs * 1e6));
  }
}
