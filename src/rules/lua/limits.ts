/*
 * Bounds that have to be in the machine before any other part of it is loaded: its parts take each other's
 * functions and numbers as they are at that moment. Imported before all else of fengari (machine.ts).
 */
/* It and the next need each other, and only this one may be the first. */
import defs from 'fengari/src/defs.js';
import conf from 'fengari/src/luaconf.js';
import type { State, TString } from 'fengari/src/lua.js';
import strings from 'fengari/src/lstring.js';

/** Slots of the stack of a file's machine, each some 40 bytes: a recursion that has no end fails there. Lua's own is 1,000,000. */
const MOST_STACK_SLOTS = 100_000;

/** Told of each string that comes to be, before it does. May throw. */
type StringWitness = (L: State, bytes: number) => void;

let witness: StringWitness = () => undefined;

/** From now on this one is told of strings; there is one for all machines. */
export function witnessStrings(told: StringWitness): void {
  witness = told;
}

if (Number.isNaN(defs.LUA_REGISTRYINDEX)) throw new Error('fengari was loaded in the wrong order');

const { luaS_bless: bless, luaS_new: make } = strings;

conf.LUAI_MAXSTACK = MOST_STACK_SLOTS;
/* Functions, not arrows: the machine calls one of them with `new`. */
strings.luaS_bless = function blessed(L: State, bytes: Uint8Array): TString {
  witness(L, bytes.length);
  return bless(L, bytes);
};
strings.luaS_new = function made(L: State, bytes: Uint8Array): TString {
  witness(L, bytes.length);
  return make(L, bytes);
};
