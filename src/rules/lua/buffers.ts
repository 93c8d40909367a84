/*
 * The buffers in which library functions make strings, bounded: one call of gsub or concat could fill any memory. To be
 * imported before the libraries (machine.ts).
 */
import aux from 'fengari/src/lauxlib.js';
import type { State } from 'fengari/src/lua.js';
import { nameBytes } from './bytes.ts';

/** No single string is longer: there are operations that go through all of one in a single instruction. */
export const MOST_STRING_BYTES = 256 * 1024;

/** Refuses a longer string, by an error of Lua: it costs nothing to say so. */
export function tooLong(L: State): never {
  return aux.luaL_error(L, nameBytes(`a string of more than ${MOST_STRING_BYTES} bytes`));
}

/** As the machine's own, but for its length, which is looked at each time that it grows. */
aux.luaL_Buffer = class BoundedBuffer {
  L: State | null = null;
  b: Uint8Array | null = null;
  #length = 0;

  get n(): number {
    return this.#length;
  }

  set n(length: number) {
    this.#length = length;
    if (length > MOST_STRING_BYTES && this.L !== null) tooLong(this.L);
  }
};
