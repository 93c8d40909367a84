import { readdirSync, readFileSync } from 'node:fs';

/** The environment with which a process was started; empty where it is gone or not ours to see. */
export function environmentOf(pid: number): ReadonlyMap<string, string> {
  const text = tryRead(`/proc/${pid}/environ`);
  const pairs = text.split('\0').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
  });
  return new Map(pairs);
}

/** All processes whose environment says so. */
export function processesWith(name: string, value: string): number[] {
  return allProcesses().filter((pid) => environmentOf(pid).get(name) === value);
}

/** All processes that are there. */
export function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** What a process does, as a letter of proc_pid_stat(5): `T` where it is stopped; undefined where there is none. */
export function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)[0];
}

/** Whether the process exists and has not ended: a main thread that has, while others still have its files, is no end. */
export function isAlive(pid: number): boolean {
  const fields = fieldsOf(pid);
  const state = fields[0];
  if (state === undefined || state === 'X') return false;
  return state !== 'Z' || Number(fields[17]) > 1;
}

/** Start time in clock ticks after boot: with the pid it names a process for good. */
export function startTicksOf(pid: number): string | undefined {
  return fieldsOf(pid)[19];
}

/** Whether it is the first process of its session, as everything is that a supervisor starts. */
export function leadsSession(pid: number): boolean {
  return fieldsOf(pid)[3] === String(pid);
}

/** The fields of proc(5) `stat` from the third (state) on. */
function fieldsOf(pid: number): string[] {
  const text = tryRead(`/proc/${pid}/stat`);
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
