import type { Result } from '../../base/result.ts';
import { lua, type State } from './machine.ts';
import { raise } from './sandbox.ts';
import { read, type Fields, type Value } from './values.ts';

/** The arguments of a function that files call: read one after the other; what does not fit is an error at the line that called. */
export class Arguments {
  readonly L: State;
  readonly #name: string;

  constructor(L: State, name: string) {
    this.L = L;
    this.#name = name;
  }

  /** Ends the call with an error. */
  fail(message: string): never {
    return raise(this.L, `${this.#name}: ${message}`);
  }

  value(at: number): Value {
    return at <= lua.lua_gettop(this.L) ? read(this.L, at) : undefined;
  }

  text(at: number, what: string): string {
    const value = this.value(at);
    if (typeof value === 'string') return value;
    return typeof value === 'number' ? String(value) : this.fail(`${what} is to be a text`);
  }

  number(at: number, what: string): number {
    const value = this.value(at);
    return typeof value === 'number' ? value : this.fail(`${what} is to be a number`);
  }

  /** A text or a list of texts, one at least. */
  texts(at: number, what: string): readonly string[] {
    const value = this.value(at);
    const list = Array.isArray(value) ? (value as readonly Value[]) : [value];
    const found = list.filter((one) => typeof one === 'string');
    return found.length === list.length && found.length > 0
      ? found
      : this.fail(`${what} is to be a text or a list of texts`);
  }

  /** A table by names; empty where there is none. */
  fields(at: number, what: string): Fields {
    const value = this.value(at);
    if (value === undefined) return {};
    return typeof value === 'object' && !Array.isArray(value)
      ? (value as Fields)
      : this.fail(`${what} is to be a table`);
  }

  /** Whether a function stands there, which then is on top of the stack. */
  isFunction(at: number): boolean {
    const { L } = this;
    if (at > lua.lua_gettop(L) || lua.lua_type(L, at) !== lua.LUA_TFUNCTION) return false;
    lua.lua_pushvalue(L, at);
    return true;
  }

  /** The value of what was read by somebody else, or an error that says why it cannot be. */
  must<T>(read: Result<T, string>): T {
    return read.ok ? read.value : this.fail(read.error);
  }
}
