/** A name that no other journal or segment has: 64 bits of chance, in 16 digits. */
export function newToken(chance: () => number): string {
  const half = (): string =>
    Math.floor(chance() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
}
