/** How often archond looks at what units use; others who wake it at this pace anyway do so for it. */
export const TICK_MS = 10_000;

/** How far back a unit's history reaches. */
export const HISTORY_MS = 3_600_000;

/** All histories together have so many samples at most, of 32 bytes: 2 MiB. */
const MOST_SAMPLES = 65_536;

/** A history has so many at least, however many units there are. */
const LEAST_SAMPLES = 30;

/** How many samples of an hour are kept of each of so many units. */
export function samplesKept(units: number): number {
  const perTick = HISTORY_MS / TICK_MS;
  return Math.min(perTick, Math.max(LEAST_SAMPLES, Math.floor(MOST_SAMPLES / Math.max(1, units))));
}

/** In how many ticks each of so many units is read once: the more units, the slower. */
export function ticksARound(units: number): number {
  return Math.ceil(HISTORY_MS / samplesKept(units) / TICK_MS);
}
