/** So many at once: each may hold a few descriptors, of which there must be enough for everything else. */
const AT_ONCE = 16;

/** What `each` makes of the items, in their order; no more than a few are under way at once. */
export async function inTurns<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    made.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(each))));
  }
  return made;
}
