/** How large tests are whose full size takes long: $ARCHON_TEST_SCALE, by default 1. */
const SCALE = Number(process.env['ARCHON_TEST_SCALE'] ?? '1');

/** A number that grows or shrinks with the scale; `least` at least. */
export function scaled(count: number, least = 1): number {
  return Math.max(least, Math.round(count * SCALE));
}
