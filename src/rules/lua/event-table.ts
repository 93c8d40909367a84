import type { OfferedEvent } from '../event.ts';
import { nameBytes } from './bytes.ts';
import { lua, type State } from './machine.ts';
import { push } from './values.ts';

/** Details that are numbers; all others are texts. */
const NUMBERS = new Set([
  'pid',
  'code',
  'restarts',
  'cause',
  'generation',
  'attempt',
  'core',
  'utime',
  'stime',
  'maxrss',
  'epoch',
  'unknown',
  'replaces',
  'replaced-by',
  'depth',
]);

/** Pushes the table that rules get of an event: its fields, and what the kind adds under its own names. */
export function pushEvent(L: State, event: OfferedEvent): void {
  const { details } = event;
  lua.lua_createtable(L, 0, 16);
  for (let at = 0; at + 1 < details.length; at += 2) {
    const name = details[at] ?? '';
    const value = details[at + 1] ?? '';
    const number = NUMBERS.has(name) && value !== '' ? Number(value) : NaN;
    set(L, name, Number.isNaN(number) ? value : number);
  }
  set(L, 'label', event.label);
  set(L, 'kind', event.kind);
  set(L, 'time', event.time);
  set(L, 'sequence', event.sequence);
  set(L, 'late', event.late);
  if (event.state !== undefined) set(L, 'state', event.state);
  if (event.previous !== undefined) set(L, 'previous', event.previous);
  if (event.exe !== undefined) set(L, 'exe', event.exe);
  if (event.command !== undefined) set(L, 'command', event.command);
}

function set(L: State, name: string, value: string | number | boolean): void {
  push(L, value);
  lua.lua_setfield(L, -2, nameBytes(name));
}
