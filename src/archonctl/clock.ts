/** Milliseconds of the monotonic clock, with fraction. `performance` says the same, but takes a millisecond to load. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
