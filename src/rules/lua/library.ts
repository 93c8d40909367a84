import { nameBytes, textOf } from './bytes.ts';
import {
  aux,
  baseLibrary,
  lua,
  mathLibrary,
  MOST_STRING_BYTES,
  stringLibrary,
  tableLibrary,
  tooLong,
  utf8Library,
  type JsFunction,
  type State,
} from './machine.ts';
import { OverBudget, type Meter } from './meter.ts';

/** What a file must not reach: it would load code, start threads of its own, or look behind the scenes. */
const REMOVED = ['collectgarbage', 'dofile', 'load', 'loadfile'] as const;

/** Opens what files may use of the standard library, each function that goes through all of something paying for that. */
export function openLibraries(L: State, meter: Meter, print: (text: string) => void): void {
  const libraries: readonly (readonly [string, JsFunction])[] = [
    ['_G', baseLibrary.luaopen_base],
    ['string', stringLibrary.luaopen_string],
    ['table', tableLibrary.luaopen_table],
    ['math', mathLibrary.luaopen_math],
    ['utf8', utf8Library.luaopen_utf8],
  ];
  for (const [name, open] of libraries) {
    aux.luaL_requiref(L, nameBytes(name), open, 1);
    lua.lua_pop(L, 1);
  }
  for (const name of REMOVED) setGlobal(L, name, undefined);
  setGlobal(L, 'pcall', (state) => protectedCall(state, meter, false));
  setGlobal(L, 'xpcall', (state) => protectedCall(state, meter, true));
  setGlobal(L, 'print', (state) => {
    const count = lua.lua_gettop(state);
    const words = Array.from({ length: count }, (_, at) => shown(state, at + 1));
    print(words.join('\t'));
    return 0;
  });
  within(L, 'string', () => {
    setField(L, 'dump', undefined);
    wrap(L, 'rep', (state) => {
      const length = lua.lua_tostring(state, 1)?.length ?? 0;
      const separator = lua.lua_tostring(state, 3)?.length ?? 0;
      const times = lua.lua_tonumber(state, 2);
      if ((length + separator) * times > MOST_STRING_BYTES) tooLong(state);
    });
  });
  within(L, 'table', () => {
    for (const name of ['insert', 'remove', 'concat', 'unpack', 'sort'])
      wrap(L, name, (state) => {
        if (lua.lua_type(state, 1) === lua.LUA_TTABLE) meter.spend(lua.lua_rawlen(state, 1) >> 2);
      });
    wrap(L, 'move', (state) => {
      const span = lua.lua_tonumber(state, 3) - lua.lua_tonumber(state, 2);
      if (span > 0) meter.spend(Math.ceil(span));
    });
  });
  within(L, 'math', () => {
    /* The machine has one sequence of chance for all files: nobody is to steer that of others. */
    setField(L, 'randomseed', () => 0);
  });
  hideStringMethods(L);
}

/** `tostring` of an argument of print, which may ask a metatable: that is the file's own code, within its budget. */
function shown(L: State, index: number): string {
  const bytes = aux.luaL_tolstring(L, index);
  const text = textOf(bytes);
  lua.lua_pop(L, 1);
  return text;
}

/**
 * pcall and xpcall: what the budget stopped is stopped for whoever called it too. The machine's own would hand an error
 * of ours to the caller as if it were one of Lua's.
 */
function protectedCall(L: State, meter: Meter, hasHandler: boolean): number {
  meter.spend(1);
  const first = hasHandler ? 2 : 1;
  if (lua.lua_gettop(L) < first) return aux.luaL_error(L, nameBytes('value expected'));
  if (hasHandler) {
    /* f, handler, arguments → handler, f, arguments */
    lua.lua_pushvalue(L, 1);
    lua.lua_remove(L, 1);
    lua.lua_insert(L, 2);
  }
  const status = lua.lua_pcall(L, lua.lua_gettop(L) - first, lua.LUA_MULTRET, hasHandler ? 1 : 0);
  if (meter.excess !== undefined) throw new OverBudget(meter.excess);
  if (hasHandler) lua.lua_remove(L, 1);
  if (status !== lua.LUA_OK && lua.lua_gettop(L) === 0) lua.lua_pushnil(L);
  lua.lua_pushboolean(L, status === lua.LUA_OK);
  lua.lua_insert(L, 1);
  return lua.lua_gettop(L);
}

/** Does something with a library on top of the stack. */
function within(L: State, library: string, action: () => void): void {
  lua.lua_getglobal(L, nameBytes(library));
  action();
  lua.lua_pop(L, 1);
}

/** Puts something before a function of the library on top of the stack. */
function wrap(L: State, name: string, before: (L: State) => void): void {
  lua.lua_getfield(L, -1, nameBytes(name));
  const { value } = L.stack[L.top - 1] as { readonly value: JsFunction };
  lua.lua_pop(L, 1);
  setField(L, name, (state) => {
    before(state);
    return value(state);
  });
}

function setField(L: State, name: string, fn: JsFunction | undefined): void {
  if (fn === undefined) lua.lua_pushnil(L);
  else lua.lua_pushcfunction(L, fn);
  lua.lua_setfield(L, -2, nameBytes(name));
}

/** Sets or removes a global function. */
export function setGlobal(L: State, name: string, fn: JsFunction | undefined): void {
  if (fn === undefined) lua.lua_pushnil(L);
  else lua.lua_pushcfunction(L, fn);
  lua.lua_setglobal(L, nameBytes(name));
}

/** The metatable of all strings is not the file's to see. */
function hideStringMethods(L: State): void {
  lua.lua_pushstring(L, nameBytes(''));
  lua.lua_getmetatable(L, -1);
  lua.lua_pushboolean(L, false);
  lua.lua_setfield(L, -2, nameBytes('__metatable'));
  lua.lua_pop(L, 2);
}
