/** How each word between two labels looks as an edge; what is not here is no edge. */
const EDGES: Readonly<Record<string, string>> = {
  needs: '',
  wants: 'style=dashed',
  after: 'style=dotted',
  before: 'style=dotted, label="before"',
  'stop-after': 'style=dotted, color=gray, label="stop-after"',
  'stop-before': 'style=dotted, color=gray, label="stop-before"',
  conflicts: 'dir=both, color=red, arrowhead=tee, arrowtail=tee',
};

/** States that are worth a colour. */
const FILLS: Readonly<Record<string, string>> = {
  running: 'palegreen',
  finished: 'palegreen',
  starting: 'khaki',
  waiting: 'khaki',
  stopping: 'khaki',
  backoff: 'orange',
  failed: 'salmon',
};

/**
 * The lines of `Dump,graph` in the language of Graphviz: an arrow from a unit to what it needs, dashed to what it wants,
 * dotted to what it is to come after. Labels hold neither quotes nor backslashes.
 */
export function dotOf(lines: readonly string[]): string {
  const out = [
    'digraph units {',
    '  rankdir=LR;',
    '  node [shape=box, style="rounded,filled", fillcolor=white];',
  ];
  for (const line of lines) {
    const [label = '', word = '', last = ''] = line.split(' ');
    const edge = EDGES[word];
    if (edge !== undefined) {
      out.push(`  "${label}" -> "${last}"${edge === '' ? '' : ` [${edge}]`};`);
      continue;
    }
    const shape = word === 'oneshot' ? ', shape=ellipse' : '';
    out.push(`  "${label}" [fillcolor=${FILLS[last] ?? 'white'}, tooltip="${last}"${shape}];`);
  }
  return `${[...out, '}'].join('\n')}\n`;
}
