import type { Ask } from './ask.ts';
import type { SeenUnit } from './event.ts';
import type { CommandEnd, Offer } from './host.ts';

/** A file as it goes to the host. */
export interface FileText {
  readonly name: string;
  readonly text: Uint8Array;
}

/** What a host is told where it runs apart. `units` are those that have changed since the last message. */
export type ToHost =
  | { readonly kind: 'load'; readonly files: readonly FileText[]; readonly gone: readonly string[] }
  | { readonly kind: 'units'; readonly units: readonly SeenUnit[] }
  | { readonly kind: 'offer'; readonly offers: readonly Offer[]; readonly units: readonly SeenUnit[] }
  /** Processes are to be looked for. */
  | { readonly kind: 'scan'; readonly units: readonly SeenUnit[] }
  | { readonly kind: 'fire'; readonly timer: number; readonly units: readonly SeenUnit[] }
  | {
      readonly kind: 'ended';
      readonly waiter: number;
      readonly end: CommandEnd;
      readonly units: readonly SeenUnit[];
    };

/** What it answers: asks as they come up; with `done` all that came of a message has been said. */
export interface FromHost {
  readonly asks: readonly Ask[];
  /** The kind of the message that is through. */
  readonly done: ToHost['kind'] | undefined;
}
