import { formatDuration } from '../../base/duration.ts';
import { formatSize } from '../../base/size.ts';
import { sparkline } from '../draw/spark.ts';
import { binned, extremesOf, type Sample } from '../story/history.ts';

/** A name and what stands behind it. */
type Line = readonly [name: string, value: string];

const MS_A_SECOND = 1000;
/** Fewer show nothing that the present figures do not. */
const LEAST_SAMPLES = 3;
const MOST_WIDTH = 60;
const LEAST_WIDTH = 10;
/** What stands behind a picture. */
const FIGURES_WIDTH = 18;

/** The processor and the memory of the last hour as small pictures, on lines of a terminal with so many columns. */
export function pastLines(samples: readonly Sample[], columns: number, isUtf8: boolean): readonly Line[] {
  const [from, to] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0];
  const age = formatDuration((to - from) * MS_A_SECOND);
  const nameWidth = `memory, ${age}`.length + 4;
  const width = Math.min(MOST_WIDTH, samples.length, columns - nameWidth - FIGURES_WIDTH);
  if (samples.length < LEAST_SAMPLES || columns - nameWidth - FIGURES_WIDTH < LEAST_WIDTH) return [];
  const line = (quantity: 'cpu' | 'memory', least: number, shown: (value: number) => string): Line[] => {
    const found = extremesOf(samples, quantity);
    if (found === undefined) return [];
    const values = binned(samples, quantity, from, to, width);
    const picture = sparkline(values, Math.max(least, found.most), isUtf8);
    return [[`${quantity}, ${age}`, `${picture} at most ${shown(found.most)}`]];
  };
  return [
    ...line('cpu', 5, (value) => `${value.toFixed(1)}%`),
    ...line('memory', 1, (value) => formatSize(value)),
  ];
}
