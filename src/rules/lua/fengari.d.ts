/* eslint-disable import-x/no-default-export -- it is CommonJS, of which all of a module is the default */
/* What is used of fengari, which has no types of its own. Names are those of the Lua 5.3 manual, section 4. */

declare module 'fengari/src/defs.js' {
  const defs: { LUA_REGISTRYINDEX: number };
  export default defs;
}

declare module 'fengari/src/luaconf.js' {
  const conf: { LUAI_MAXSTACK: number };
  export default conf;
}

declare module 'fengari/src/lstring.js' {
  import type { State, TString } from 'fengari/src/lua.js';
  const strings: {
    luaS_bless: (L: State, bytes: Uint8Array) => TString;
    luaS_new: (L: State, bytes: Uint8Array) => TString;
  };
  export default strings;
}

declare module 'fengari/src/lua.js' {
  /** A string of the machine; `hash` is its key in tables once it has been one. */
  export interface TString {
    readonly realstring: Uint8Array;
  }
  /** Any value of the machine: `type` is its tag, variants included. */
  export interface TValue {
    readonly type: number;
    readonly value: unknown;
  }
  export interface State {
    hookcount: number;
    basehookcount: number;
    readonly stack: (TValue | undefined)[];
    readonly top: number;
    readonly l_G: { readonly l_registry: TValue };
  }
  export type JsFunction = (L: State) => number;
  /** Of lua_Debug, what `Sl` and `>S` fill in. */
  export interface Activation {
    readonly currentline: number;
    readonly linedefined: number;
    readonly short_src: Uint8Array;
    readonly what: Uint8Array;
  }
  const lua: {
    lua_Debug: new () => Activation;
    LUA_MULTRET: number;
    LUA_MASKCOUNT: number;
    LUA_OK: number;
    LUA_REGISTRYINDEX: number;
    LUA_TNIL: number;
    LUA_TBOOLEAN: number;
    LUA_TNUMBER: number;
    LUA_TSTRING: number;
    LUA_TTABLE: number;
    LUA_TFUNCTION: number;
    lua_absindex: (L: State, index: number) => number;
    lua_call: (L: State, args: number, results: number) => void;
    lua_checkstack: (L: State, slots: number) => boolean;
    lua_createtable: (L: State, array: number, record: number) => void;
    lua_error: (L: State) => never;
    lua_getfield: (L: State, index: number, name: Uint8Array) => number;
    lua_getglobal: (L: State, name: Uint8Array) => number;
    lua_getinfo: (L: State, what: Uint8Array, into: Activation) => boolean;
    lua_getstack: (L: State, level: number, into: Activation) => boolean;
    lua_getmetatable: (L: State, index: number) => boolean;
    lua_gettop: (L: State) => number;
    lua_insert: (L: State, index: number) => void;
    lua_isinteger: (L: State, index: number) => boolean;
    lua_load: (
      L: State,
      reader: (L: State, data: { bytes: Uint8Array | null }) => Uint8Array | null,
      data: { bytes: Uint8Array | null },
      name: Uint8Array,
      mode: Uint8Array,
    ) => number;
    lua_next: (L: State, index: number) => number;
    lua_pcall: (L: State, args: number, results: number, handler: number) => number;
    lua_pop: (L: State, count: number) => void;
    lua_pushboolean: (L: State, value: boolean) => void;
    lua_pushcfunction: (L: State, fn: JsFunction) => void;
    lua_pushinteger: (L: State, value: number) => void;
    lua_pushnil: (L: State) => void;
    lua_pushnumber: (L: State, value: number) => void;
    lua_pushstring: (L: State, bytes: Uint8Array) => void;
    lua_pushvalue: (L: State, index: number) => void;
    lua_rawequal: (L: State, one: number, other: number) => number;
    lua_rawgeti: (L: State, index: number, key: number) => number;
    lua_rawlen: (L: State, index: number) => number;
    lua_rawseti: (L: State, index: number, key: number) => void;
    lua_remove: (L: State, index: number) => void;
    lua_setfield: (L: State, index: number, name: Uint8Array) => void;
    lua_setglobal: (L: State, name: Uint8Array) => void;
    lua_sethook: (
      L: State,
      hook: (L: State, activation: Activation) => void,
      mask: number,
      count: number,
    ) => void;
    lua_setmetatable: (L: State, index: number) => void;
    lua_settop: (L: State, top: number) => void;
    lua_toboolean: (L: State, index: number) => boolean;
    lua_tointeger: (L: State, index: number) => number;
    lua_tonumber: (L: State, index: number) => number;
    lua_tostring: (L: State, index: number) => Uint8Array | null;
    lua_type: (L: State, index: number) => number;
  };
  export default lua;
}

declare module 'fengari/src/lauxlib.js' {
  import type { JsFunction, State } from 'fengari/src/lua.js';
  const aux: {
    luaL_newstate: () => State | null;
    luaL_requiref: (L: State, name: Uint8Array, open: JsFunction, isGlobal: number) => void;
    luaL_ref: (L: State, table: number) => number;
    luaL_unref: (L: State, table: number, ref: number) => void;
    luaL_where: (L: State, level: number) => void;
    luaL_tolstring: (L: State, index: number) => Uint8Array;
    luaL_Buffer: new () => { L: State | null; b: Uint8Array | null; n: number };
    luaL_error: (L: State, format: Uint8Array, ...values: readonly unknown[]) => never;
  };
  export default aux;
}

declare module 'fengari/src/lbaselib.js' {
  import type { JsFunction } from 'fengari/src/lua.js';
  const library: { luaopen_base: JsFunction };
  export default library;
}
declare module 'fengari/src/lstrlib.js' {
  import type { JsFunction } from 'fengari/src/lua.js';
  const library: { luaopen_string: JsFunction };
  export default library;
}
declare module 'fengari/src/ltablib.js' {
  import type { JsFunction } from 'fengari/src/lua.js';
  const library: { luaopen_table: JsFunction };
  export default library;
}
declare module 'fengari/src/lmathlib.js' {
  import type { JsFunction } from 'fengari/src/lua.js';
  const library: { luaopen_math: JsFunction };
  export default library;
}
declare module 'fengari/src/lutf8lib.js' {
  import type { JsFunction } from 'fengari/src/lua.js';
  const library: { luaopen_utf8: JsFunction };
  export default library;
}
/* eslint-enable import-x/no-default-export -- end of what is not ours */
