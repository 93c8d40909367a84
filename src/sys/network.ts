import type { Cancel } from './sys.ts';

/** What a probe of the network came to: `undefined` where it was answered, else a sentence that says why not. */
export type Refused = string | undefined;

/** How services are asked whether they answer. Each call is answered once, unless it is cancelled. */
export interface Network {
  /** Whether somebody accepts TCP connections there; the connection is closed at once. */
  reach(host: string, port: number, done: (why: Refused) => void): Cancel;
  /** GET of an `http:` or `https:` URL; `done` gets the status, or the sentence. Redirections are not followed, certificates not judged. */
  get(url: string, done: (status: number | undefined, why: Refused) => void): Cancel;
}
