import type { Words } from '../base/words.ts';

/** How it is found out that a process can serve. */
export type Probe =
  /** `READY=1` from a process of the unit's tree (sd_notify(3)). */
  | { readonly kind: 'notify' }
  /** A newline on that descriptor of the process. */
  | { readonly kind: 'fd'; readonly fd: number }
  /** A command that ends with 0. */
  | { readonly kind: 'command'; readonly words: Words }
  /** A connection is accepted. `port` is digits, or names a port (`port-reference.ts`). */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: string }
  /** An answer of 200 to 399. */
  | { readonly kind: 'http'; readonly url: string }
  /** A line of its output matches: the source of an ECMAScript regular expression with the flag `u`. */
  | { readonly kind: 'log'; readonly pattern: string }
  /** The file exists. */
  | { readonly kind: 'file'; readonly path: string };

/** When `starting` becomes `running`. With `exec` it is so as soon as exec has succeeded. */
export type Readiness = { readonly kind: 'exec' } | (Probe & ReadinessTiming);

export interface ReadinessTiming {
  /** How often a probe that has to be repeated is. */
  readonly everyMs: number;
  /** After so long the start has failed. */
  readonly timeoutMs: number;
}

/** What is asked of a unit while it is running. */
export type Health =
  | (Extract<Probe, { readonly kind: 'command' | 'tcp' | 'http' | 'file' }> & HealthTiming)
  /** `WATCHDOG=1` has to come within each `watchdogMs`. */
  | { readonly kind: 'notify'; readonly watchdogMs: number };

export interface HealthTiming {
  readonly everyMs: number;
  /** One attempt has failed after so long. */
  readonly timeoutMs: number;
  /** So many attempts in a row must fail before the unit is restarted. */
  readonly failures: number;
}
