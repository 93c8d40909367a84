/** A fact of `Status` as it is shown to people: its name, and what is said of it. */
export type ShownFact = readonly [name: string, text: string];

/** Facts that stand behind another one, in parentheses, and what is said of them there. */
const BEHIND: Readonly<Record<string, readonly [name: string, word: string]>> = {
  'cpu-peak': ['cpu', 'peak'],
  'memory-peak': ['memory', 'peak'],
  threads: ['processes', 'threads'],
};

/** What the last process had used in its life: they are one line. */
const LIFE: Readonly<Record<string, string>> = {
  'exit-utime': 'user',
  'exit-stime': 'system',
  'exit-maxrss': 'memory at most',
};

/**
 * The facts of what a unit uses on fewer lines: a peak stands behind what is so now, and what the last process had used
 * in its life is one sentence. All others stay as they are, in their order.
 */
export function foldUsed(facts: readonly ShownFact[]): readonly ShownFact[] {
  const byName = new Map(facts);
  const behind = new Map<string, string>();
  for (const [name, [before, word]] of Object.entries(BEHIND)) {
    const text = byName.get(name);
    if (text !== undefined && byName.has(before)) behind.set(before, ` (${word} ${text})`);
  }
  const life = facts.flatMap(([name, text]) => (LIFE[name] === undefined ? [] : [`${text} ${LIFE[name]}`]));
  return facts.flatMap(([name, text]): readonly ShownFact[] => {
    if (name === 'exit-utime') return [['exit-used', life.join(', ')]];
    if (LIFE[name] !== undefined && byName.has('exit-utime')) return [];
    const [before] = BEHIND[name] ?? [];
    if (before !== undefined && byName.has(before)) return [];
    return [[name, `${text}${behind.get(name) ?? ''}`]];
  });
}
