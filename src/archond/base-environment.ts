/** What the supervisor's own surroundings put there, and no process of it is to see (protocol page, "Words"). */
const HIDDEN = /^(?:NOTIFY_SOCKET|LISTEN_.*|WATCHDOG_.*|INVOCATION_ID|JOURNAL_STREAM|NODE_.*|ARCHON_.*)$/;

/** The environment with which archond was started, without what belongs to archond itself. */
export function baseEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const base = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !HIDDEN.test(name)) base.set(name, value);
  }
  return base;
}
