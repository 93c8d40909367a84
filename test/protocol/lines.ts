import { fieldOf, bytesOf } from '../../src/protocol/bytes.ts';
import { LineCutter, type Cut, type Read } from '../../src/protocol/framing.ts';

/** What became of a line, with bytes that stay. */
export interface Told {
  readonly kind: string;
  readonly text: string;
  readonly descriptors: readonly number[];
}

/** The line, as it would be between two line feeds. */
export function line(text: string): Uint8Array {
  return bytesOf(text);
}

/** One read that brings this text and these descriptors. */
export function read(text: string, ...descriptors: number[]): Read<number> {
  return { bytes: bytesOf(text), descriptors };
}

/** The stream in reads that end at these places. */
export function chunked(bytes: Uint8Array, cuts: readonly number[]): Read<number>[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => ({ bytes: bytes.slice(places[index], end) }));
}

/** A taker that keeps what it is told in `told` and always wants more. */
export function keeper(): { readonly told: Told[]; readonly take: (cut: Cut<number>) => boolean } {
  const told: Told[] = [];
  const take = ({ kind, bytes, descriptors }: Cut<number>): boolean => {
    told.push({ kind, text: fieldOf(bytes), descriptors: [...descriptors] });
    return true;
  };
  return { told, take };
}

/** All that reads lead to, the end of the input included. */
export function cutAll(reads: readonly Read<number>[]): Told[] {
  const cutter = new LineCutter<number>();
  const { told, take } = keeper();
  for (const one of reads) cutter.push(one, take);
  cutter.end(take);
  return told;
}
