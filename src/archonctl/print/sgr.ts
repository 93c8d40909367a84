/** How a text can stand out (ECMA-48, SGR). */
const LOOKS = { bold: 1, faint: 90, inverse: 7, alarm: '1;31', notice: 33, good: 32 } as const;

/** `text` looking so, where there is colour. */
export function styled(text: string, how: keyof typeof LOOKS, isColoured: boolean): string {
  return isColoured && text !== '' ? `\x1b[${LOOKS[how]}m${text}\x1b[0m` : text;
}
