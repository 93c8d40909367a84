/* fengari, its parts in the one order in which `limits.ts` holds, and without those that touch the system. */
export { witnessStrings } from './limits.ts';
export { default as lua } from 'fengari/src/lua.js';
export { default as aux } from 'fengari/src/lauxlib.js';
export { MOST_STRING_BYTES, tooLong } from './buffers.ts';
export { default as baseLibrary } from 'fengari/src/lbaselib.js';
export { default as stringLibrary } from 'fengari/src/lstrlib.js';
export { default as tableLibrary } from 'fengari/src/ltablib.js';
export { default as mathLibrary } from 'fengari/src/lmathlib.js';
export { default as utf8Library } from 'fengari/src/lutf8lib.js';
export type { Activation, JsFunction, State, TValue } from 'fengari/src/lua.js';
