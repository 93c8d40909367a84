/** The bundle defines it as false: there the types alone keep hands off, and each step is spared the walk. */
const IS_FROZEN = (globalThis as { readonly ARCHON_FREEZES?: boolean }).ARCHON_FREEZES !== false;

/**
 * Freezes plain data to the bottom and returns it, so that what one step has given out the next one
 * cannot change. What is frozen already is taken to be so throughout. Only where the sources run, as in tests.
 */
export function freeze<T>(value: T): T {
  if (!IS_FROZEN || typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  /* From the bottom up: of what is frozen already the engine would have to collect the keys each time. */
  for (const key in value) freeze(value[key]);
  return Object.freeze(value);
}
