import type { State } from './machine.ts';

/** What a file may hold from one event to the next. */
export const MOST_HELD_BYTES = 16 * 1024 * 1024;

/** About what V8 needs for an entry of a table, for a table without entries, and for a function. */
const ENTRY_BYTES = 160;
const TABLE_BYTES = 400;
const FUNCTION_BYTES = 150;
const STRING_BYTES = 100;

/** A value of fengari: what it is shows by what it has. */
interface Held {
  readonly type?: number;
  readonly value?: unknown;
  /** Of a table. */
  readonly strong?: ReadonlyMap<unknown, { readonly key: Held; readonly value: Held | undefined }>;
  readonly metatable?: unknown;
  /** Of a string. */
  readonly realstring?: Uint8Array;
  /** Of a function of Lua. */
  readonly upvals?: readonly (Held | null | undefined)[];
  /** Of a function of ours. */
  readonly upvalue?: readonly Held[];
}

/**
 * How much a machine holds, in bytes, about: all that can be reached from its registry. Stops counting beyond the bound.
 * Objects of fengari are walked as they are; code of functions is left out, for it is no longer than the file.
 */
export function heldBytes(L: State, most = MOST_HELD_BYTES): number {
  const seen = new Set<Held>();
  const open: Held[] = [];
  let bytes = 0;
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const held = value as Held;
    if (held.realstring !== undefined) {
      bytes += STRING_BYTES + held.realstring.length;
      return;
    }
    if (seen.has(held)) return;
    seen.add(held);
    open.push(held);
  };
  look(L.l_G.l_registry.value);
  for (let held = open.pop(); held !== undefined && bytes <= most; held = open.pop()) {
    if (held.strong !== undefined) {
      bytes += TABLE_BYTES + held.strong.size * ENTRY_BYTES;
      for (const entry of held.strong.values()) {
        look(entry.key.value);
        look(entry.value?.value);
      }
      look(held.metatable);
    } else {
      bytes += FUNCTION_BYTES;
      for (const upvalue of held.upvals ?? held.upvalue ?? []) look(upvalue?.value);
      look(held.value);
    }
  }
  return bytes;
}
