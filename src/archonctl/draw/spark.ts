const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '_.-=+*#@';

/** What was measured at one instant; undefined where nothing was. */
export type Measure = number | undefined;

/**
 * Values as a line of characters, each as high as its value between 0 and `most`; a blank where there is none. What is
 * not 0 is never drawn as 0 where `most` allows for it.
 */
export function sparkline(values: readonly Measure[], most: number, isUtf8: boolean): string {
  return chart(values, most, 1, isUtf8)[0] ?? '';
}

/** The same over several rows, the highest first: all of them together are as high as `most`. */
export function chart(
  values: readonly Measure[],
  most: number,
  rows: number,
  isUtf8: boolean,
): readonly string[] {
  const blocks = Array.from(isUtf8 ? BLOCKS : ASCII_BLOCKS);
  const steps = rows * blocks.length;
  const heights = values.map((value) => {
    if (value === undefined) return undefined;
    const height = most <= 0 ? 0 : Math.ceil((value / most) * steps - 1e-9);
    return Math.min(steps, Math.max(1, height));
  });
  return Array.from({ length: rows }, (_, fromTop) => {
    const below = (rows - 1 - fromTop) * blocks.length;
    return heights
      .map((height) => {
        if (height === undefined || height <= below) return ' ';
        return blocks[Math.min(height - below, blocks.length) - 1] ?? ' ';
      })
      .join('');
  });
}
