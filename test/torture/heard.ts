/** The rule that goes through a torture: it says of each end that it was offered it. */
export const WITNESS = `on { kind = "exited", run = function(e)
  publish("heard", {label = "witness", of = e.sequence, late = tostring(e.late)})
end }`;

/** What rules were offered. */
export interface Heard {
  /** That it was more than once, out of order, or no end. */
  readonly faults: readonly string[];
  readonly ends: number;
  readonly heard: number;
  /** Of these, how many late. */
  readonly late: number;
}

/** Whether each end was offered at most once, and in its order. Shares no code with what it checks. @param lines all events, from the first */
export function heardIn(lines: readonly string[]): Heard {
  const ends = new Set<number>();
  const faults: string[] = [];
  let [heard, late, last] = [0, 0, 0];
  for (const line of lines) {
    const [, sequence = '', , , kind, ...details] = line.split(',');
    if (kind === 'exited') ends.add(Number(sequence));
    if (kind !== 'heard') continue;
    const of = Number(details.find((one) => one.startsWith('of='))?.slice('of='.length));
    heard += 1;
    if (details.includes('late=true')) late += 1;
    if (!ends.has(of)) faults.push(`rules heard of ${of}, which is no end`);
    if (of <= last) faults.push(`rules heard of ${of} after ${last}`);
    last = of;
  }
  if (heard === 0) faults.push('rules heard of nothing');
  return { faults, ends: ends.size, heard, late };
}
