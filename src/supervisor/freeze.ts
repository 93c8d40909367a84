/**
 * Freezes plain data to the bottom and returns it, so that what one step has given out the next one
 * cannot change. What is frozen already is taken to be so throughout.
 */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  /* From the bottom up: of what is frozen already the engine would have to collect the keys each time. */
  for (const key in value) freeze(value[key]);
  return Object.freeze(value);
}
