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

/** Where commands are looked up without a PATH (execvp(3)). */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';

/**
 * The files to try for a command, in order: the word itself where it holds a slash, else the word in
 * each folder of PATH, an empty one of which is the current folder (environ(7)).
 */
export function candidates(word: string, path: string | undefined): readonly [string, ...string[]] {
  if (word.includes('/')) return [word];
  const folders = (path ?? DEFAULT_PATH).split(':');
  const [first = '', ...rest] = folders.map((folder) => (folder === '' ? `./${word}` : `${folder}/${word}`));
  return [first, ...rest];
}
