/** What the loader takes for the end of a name in LD_PRELOAD, or replaces (ld.so(8)). */
const UNUSABLE = /[\s:$]/;

/** Whether the loader can be told this path of a library. */
export function isPreloadable(library: string): boolean {
  return !UNUSABLE.test(library);
}

/** The value of LD_PRELOAD that has a library before those which are to be preloaded anyway; once, where it is there. */
export function preloading(library: string, others = ''): string {
  const rest = others.split(/[\s:]+/).filter((other) => other !== '' && other !== library);
  return [library, ...rest].join(':');
}
