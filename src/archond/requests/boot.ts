import { failure } from '../../base/failure.ts';
import { formatTime } from '../../base/time.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import { Timeline, type Span } from '../events/timeline.ts';
import type { House } from '../house.ts';

/** What has not come up by then is looked for no further: a unit may wait for months. */
const LONGEST_NS = 3_600_000_000_000n;

/** What begins a moment later, when all have come up, is looked for so long. */
const AFTERWARDS_NS = 60_000_000_000n;

/** `Boot`: a `Span` record for each unit that the last start of everything brought up, those that began first at first. */
export function boot(house: House, _request: RequestOf<'Boot'>, call: Call): void {
  sendSpans(house, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

async function sendSpans(house: House, call: Call): Promise<void> {
  const timeline = await timelineOf(house, call);
  if (call.isClosed) return;
  if (timeline === undefined) {
    call.fail(failure('not-found', 'the events of the last start are not kept any more'));
    return;
  }
  const critical = timeline.critical();
  const spans = [...timeline.spans].sort((one, other) => Number(one.startNs - other.startNs));
  for (const span of spans) call.data('Span', ...spanFields(span, critical));
  call.ok(String(spans.length));
}

/** Others have their turn while the journal is read; undefined where the beginning is not there any more. */
async function timelineOf(house: House, call: Call): Promise<Timeline | undefined> {
  const { lastStart, chronicle } = house;
  const { sequence } = lastStart;
  const { journal } = chronicle;
  if (sequence === undefined || sequence < journal.firstKept()) return undefined;
  const timeline = new Timeline();
  const cursor = journal.events({ after: sequence - 1 });
  for (;;) {
    const slice = cursor.next();
    for (const event of slice.events) timeline.take(event);
    const last = slice.events.at(-1)?.timeNs ?? 0n;
    const goneNs = last - (timeline.beganNs ?? last);
    const isOver = goneNs > LONGEST_NS || (goneNs > AFTERWARDS_NS && timeline.isSettled);
    if (slice.isLast || isOver || call.isClosed) return timeline;
    await house.turn();
  }
}

function spanFields({ label, startNs, upNs, readyNs }: Span, critical: ReadonlySet<string>): string[] {
  const at = (ns: bigint | undefined): string => (ns === undefined ? '' : formatTime(ns));
  return [label, formatTime(startNs), at(upNs), at(readyNs), critical.has(label) ? '1' : '0'];
}
