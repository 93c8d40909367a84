import { bytesOf, nameBytes, textOf } from './bytes.ts';
import { lua, type State } from './machine.ts';

/** What goes in and out of a machine by value. */
export type Value = string | number | boolean | undefined | readonly Value[] | Fields;

/** A table by names. */
export interface Fields {
  readonly [name: string]: Value;
}

/** Integers of the machine have 32 bits. */
const MOST_INTEGER = 2 ** 31;
/** Tables within tables beyond this are left out when they are read. */
const MOST_DEPTH = 4;
/** Entries of one table that are read. */
const MOST_ENTRIES = 256;

/** Pushes a value: a whole number as an integer where Lua's are (32 bits in this machine), a list as a table from 1, undefined as nil. */
export function push(L: State, value: Value): void {
  if (typeof value === 'string') lua.lua_pushstring(L, bytesOf(value));
  else if (typeof value === 'boolean') lua.lua_pushboolean(L, value);
  else if (value === undefined) lua.lua_pushnil(L);
  else if (typeof value === 'object') pushTable(L, value);
  else if (Number.isInteger(value) && Math.abs(value) < MOST_INTEGER) lua.lua_pushinteger(L, value);
  else lua.lua_pushnumber(L, value);
}

function pushTable(L: State, value: readonly Value[] | Fields): void {
  lua.lua_createtable(L, 0, 0);
  if (isList(value)) {
    for (const [at, one] of value.entries()) {
      push(L, one);
      lua.lua_rawseti(L, -2, at + 1);
    }
    return;
  }
  for (const [name, one] of Object.entries(value)) {
    if (one === undefined) continue;
    push(L, one);
    lua.lua_setfield(L, -2, nameBytes(name));
  }
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}

/** What stands at an index: tables as lists where they have an element 1, else by name; functions and the like are undefined. Metatables are not asked. */
export function read(L: State, index: number, depth = 0): Value {
  const at = lua.lua_absindex(L, index);
  switch (lua.lua_type(L, at)) {
    case lua.LUA_TSTRING:
      return textOf(lua.lua_tostring(L, at) ?? new Uint8Array());
    case lua.LUA_TNUMBER:
      return lua.lua_tonumber(L, at);
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, at);
    case lua.LUA_TTABLE:
      return depth >= MOST_DEPTH ? undefined : readTable(L, at, depth + 1);
    default:
      return undefined;
  }
}

function readTable(L: State, at: number, depth: number): Value {
  const length = Math.min(lua.lua_rawlen(L, at), MOST_ENTRIES);
  if (length > 0) {
    const list: Value[] = [];
    for (let key = 1; key <= length; key += 1) {
      lua.lua_rawgeti(L, at, key);
      list.push(read(L, -1, depth));
      lua.lua_pop(L, 1);
    }
    return list;
  }
  const fields: Record<string, Value> = {};
  let count = 0;
  lua.lua_pushnil(L);
  while (lua.lua_next(L, at) !== 0) {
    count += 1;
    if (count > MOST_ENTRIES) {
      lua.lua_pop(L, 2);
      break;
    }
    /* A number as key would be made a string in place, and `next` would lose its way. */
    if (lua.lua_type(L, -2) === lua.LUA_TSTRING)
      fields[textOf(lua.lua_tostring(L, -2) ?? new Uint8Array())] = read(L, -1, depth);
    lua.lua_pop(L, 1);
  }
  return fields;
}

/** As print and the messages of errors show what stands at an index, without asking any metatable: a table has no trap for who reports it. */
export function show(L: State, index: number): string {
  const value = read(L, index, MOST_DEPTH);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const type = lua.lua_type(L, index);
  return type === lua.LUA_TNIL ? 'nil' : `a ${TYPE_NAMES.get(type) ?? 'value'}`;
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [lua.LUA_TTABLE, 'table'],
  [lua.LUA_TFUNCTION, 'function'],
]);
