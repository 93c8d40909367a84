import { bytesOf, nameBytes } from './bytes.ts';
import { openLibraries } from './library.ts';
import {
  aux,
  lua,
  MOST_STRING_BYTES,
  tooLong,
  witnessStrings,
  type JsFunction,
  type State,
} from './machine.ts';
import { heldBytes, MOST_HELD_BYTES } from './memory.ts';
import { BUDGET, HOOK_EVERY, LOAD_FACTOR, type Excess, type Meter } from './meter.ts';
import { show } from './values.ts';

/** Why a call into a file did not end well. */
export interface Fault {
  readonly message: string;
  /** In the file; undefined where no line of it was being carried out. */
  readonly line: number | undefined;
  /** What it went over, where it was that. */
  readonly excess?: Excess;
}

/** So many bytes of new strings and tables, about, may come to be before all that is held is looked through again, or as many as it holds. */
const LOOK_AFTER_BYTES = 4 * 1024 * 1024;
/** What an instruction leaves behind at most, but for strings. */
const BYTES_AN_INSTRUCTION = 120;
/** Of the instructions of a call that are not counted because they are fewer than the hook waits for. */
const USUAL_CALL_BYTES = 2000;

/** Who is calling into a machine; strings that come to be are paid for by them. */
let calling: Meter | undefined;
witnessStrings((L, bytes) => {
  if (calling === undefined) return;
  if (bytes > MOST_STRING_BYTES) tooLong(L);
  calling.string(bytes);
});

const TEXT_ONLY = nameBytes('t');
const SOURCE_AND_LINE = nameBytes('Sl');

/** The machine of one file: its own globals, its own library, nothing of any other's. What is called in it is metered. */
export class Sandbox {
  readonly L: State;
  readonly name: string;
  readonly #meter: Meter;
  /** Where the present call was when it was stopped. */
  #line: number | undefined;
  /** As far as is known, what has come to be since all was last looked through. */
  #newBytes = 0;
  /** What it held then. */
  #heldBytes = 0;

  /** @param name of the file, as messages have it */
  constructor(name: string, meter: Meter, print: (text: string) => void) {
    const L = aux.luaL_newstate();
    if (L === null) throw new Error('there is no memory for a machine');
    this.L = L;
    this.name = name;
    this.#meter = meter;
    openLibraries(L, meter, print);
    lua.lua_sethook(L, () => meter.spend(HOOK_EVERY), lua.LUA_MASKCOUNT, HOOK_EVERY);
  }

  /** Reads the file's text and carries out what stands in it outside of functions. */
  load(text: Uint8Array): Fault | undefined {
    const { L } = this;
    const reader = (_: State, data: { bytes: Uint8Array | null }): Uint8Array | null => {
      const { bytes } = data;
      data.bytes = null;
      return bytes;
    };
    const status = lua.lua_load(L, reader, { bytes: text }, bytesOf(`@${this.name}`), TEXT_ONLY);
    if (status === lua.LUA_OK) return this.#call(0, undefined, false, LOAD_FACTOR);
    const message = show(L, -1);
    lua.lua_settop(L, 0);
    return this.#placed(message, undefined);
  }

  /** Calls a function that `keep` was given, with what `push` leaves on the stack, which returns how much that is; `take` sees its one result. @param goesOn it has what the call before has left of the budget */
  call(
    ref: number,
    push: (L: State) => number,
    take?: (L: State) => void,
    goesOn = false,
  ): Fault | undefined {
    lua.lua_rawgeti(this.L, lua.LUA_REGISTRYINDEX, ref);
    return this.#call(push(this.L), take, goesOn);
  }

  /** Keeps what is on top of the stack, and takes it off; returns its number. */
  keep(): number {
    return aux.luaL_ref(this.L, lua.LUA_REGISTRYINDEX);
  }

  release(ref: number): void {
    aux.luaL_unref(this.L, lua.LUA_REGISTRYINDEX, ref);
  }

  /** The line that is being carried out now. */
  lineNow(): number | undefined {
    const { L } = this;
    const activation = new lua.lua_Debug();
    for (let level = 0; lua.lua_getstack(L, level, activation); level += 1) {
      lua.lua_getinfo(L, SOURCE_AND_LINE, activation);
      if (activation.currentline > 0) return activation.currentline;
    }
    return undefined;
  }

  /** Whether it holds more than a file may. To be asked between calls; mostly answered without looking. */
  holdsTooMuch(): boolean {
    if (this.#newBytes < Math.max(LOOK_AFTER_BYTES, this.#heldBytes)) return false;
    this.#newBytes = 0;
    this.#heldBytes = heldBytes(this.L);
    return this.#heldBytes > MOST_HELD_BYTES;
  }

  #call(args: number, take?: (L: State) => void, goesOn = false, factor = 1): Fault | undefined {
    const { L } = this;
    const meter = this.#meter;
    const base = lua.lua_gettop(L) - args;
    lua.lua_pushcfunction(L, this.#handle);
    lua.lua_insert(L, base);
    this.#line = undefined;
    meter.begin(
      () => {
        this.#line = this.lineNow();
      },
      goesOn,
      factor,
    );
    calling = meter;
    L.hookcount = HOOK_EVERY;
    let status: number;
    try {
      status = lua.lua_pcall(L, args, take === undefined ? 0 : 1, base);
    } finally {
      calling = undefined;
    }
    this.#newBytes += USUAL_CALL_BYTES + meter.instructions * BYTES_AN_INSTRUCTION + meter.stringBytes;
    const { excess } = meter;
    if (excess === undefined && status === lua.LUA_OK) {
      take?.(L);
      lua.lua_settop(L, 0);
      return undefined;
    }
    const message = excess === undefined && lua.lua_gettop(L) > 0 ? show(L, -1) : 'it was stopped';
    lua.lua_settop(L, 0);
    if (excess !== undefined) return { message: over(excess, factor), line: this.#line, excess };
    return this.#placed(message, this.#line);
  }

  /** The line is that where it was raised; a table says nothing of itself. */
  readonly #handle: JsFunction = (L) => {
    this.#line = this.lineNow();
    if (lua.lua_type(L, 1) === lua.LUA_TSTRING) return 1;
    lua.lua_pushstring(L, bytesOf(`an error that is ${show(L, 1)}`));
    return 1;
  };

  /** A message of Lua begins with file and line, which are told apart from it here. */
  #placed(text: string, line: number | undefined): Fault {
    const start = `${this.name}:`;
    const [, digits, message] = text.startsWith(start)
      ? (/^(\d+): ([^]*)$/.exec(text.slice(start.length)) ?? [])
      : [];
    return digits === undefined ? { message: text, line } : { message: message ?? '', line: Number(digits) };
  }
}

/** What it went over, in a sentence. */
function over(excess: Excess, factor: number): string {
  switch (excess) {
    case 'instructions':
      return `it went over ${(BUDGET.instructions * factor).toLocaleString('en-US')} instructions`;
    case 'time':
      return `it took more than ${BUDGET.timeMs * factor} ms`;
    case 'memory':
      return `it made more than ${BUDGET.stringBytes >> 20} MiB of strings`;
  }
}

/** Raises an error of Lua at the line that called. */
export function raise(L: State, message: string): never {
  return aux.luaL_error(L, nameBytes('%s'), bytesOf(message));
}
