/** Foreground colours of ECMA-48 (SGR) by what they say here. */
const COLOURS = {
  good: 32,
  moving: 33,
  bad: 31,
  worrying: 35,
  faint: 90,
} as const;

const OF_STATE: Readonly<Record<string, keyof typeof COLOURS>> = {
  running: 'good',
  finished: 'faint',
  stopped: 'faint',
  waiting: 'moving',
  starting: 'moving',
  stopping: 'moving',
  backoff: 'worrying',
  failed: 'bad',
};

/** `text` in the colour of a unit's state; of an unknown state, and where there is no colour, as it is. */
export function paintState(state: string, text: string, isColoured: boolean): string {
  const colour = OF_STATE[state];
  return isColoured && colour !== undefined ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
}
