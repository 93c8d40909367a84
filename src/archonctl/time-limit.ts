import { parseDuration } from '../base/duration.ts';
import type { Globals } from './options/global.ts';

/** How much later than the supervisor archonctl itself gives up: it would have been told otherwise. */
const GRACE_MS = 5000;

/**
 * A time limit that the supervisor keeps: the verb's own `--timeout`, else the global one. `options` go
 * with the request; `globals` are those to ask it with.
 */
export function supervisedLimit(
  own: string | undefined,
  globals: Globals,
): { readonly options: readonly string[]; readonly globals: Globals } {
  const parsed = own === undefined ? undefined : parseDuration(own);
  const timeoutMs = parsed?.ok === true ? parsed.value : globals.timeoutMs;
  if (timeoutMs === undefined) return { options: [], globals };
  return { options: [`@timeout=${timeoutMs}ms`], globals: { ...globals, timeoutMs: timeoutMs + GRACE_MS } };
}
