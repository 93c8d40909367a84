import type { Cancel, Sys } from '../../sys/sys.ts';
import type { Chronicle } from '../chronicle.ts';
import { NO_CAUSE } from '../../supervisor/cause.ts';

/** A process that was not started here wants a socket that is held for a unit. */
export interface PortQuestion {
  /** The unit whose port it is. */
  readonly label: string;
  /** What the unit calls the port. */
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly uid: number;
}

/** Whoever decides it. */
export interface PortJudge {
  /** Whether there is a rule for ports of that unit. */
  hasRuleFor(label: string): boolean;
  /** Asks the rules; `done` is told once, soon. */
  ask(question: PortQuestion, done: (isGranted: boolean) => void): void;
}

/** The program that asks waits for a second at most (docs/bind-shim.org). */
const PATIENCE_MS = 900;
/** More than these at once are denied: each is an event. */
const MOST_OPEN = 100;

/**
 * Questions that rules are to decide. Each is an event `port` with `what=asked`, which rules of kind `port` are offered as any
 * other; one that calls `port(name)` grants it, and when all have been called it is denied.
 */
export class PortQuestions {
  readonly #sys: Pick<Sys, 'timers' | 'clock' | 'pidfds'>;
  readonly #chronicle: Pick<Chronicle, 'append' | 'flush'>;
  /** By the number of the event. */
  readonly #open = new Map<
    number,
    { readonly name: string; readonly decide: (isGranted: boolean) => void }
  >();

  constructor(sys: Sys, chronicle: Chronicle) {
    this.#sys = sys;
    this.#chronicle = chronicle;
  }

  ask({ label, name, port, pid, uid }: PortQuestion, done: (isGranted: boolean) => void): void {
    const { timers, clock, pidfds } = this.#sys;
    if (this.#open.size >= MOST_OPEN) {
      done(false);
      return;
    }
    const { exe, command } = pidfds.programOf(pid);
    const details = [
      ['what', 'asked'],
      ['name', name],
      ['port', String(port)],
      ['pid', String(pid)],
      ['uid', String(uid)],
      ['exe', exe],
      ['command', command],
    ] as const;
    const { event = 0 } = this.#chronicle.append(label, 'port', details, NO_CAUSE);
    let cancel: Cancel = () => undefined;
    const decide = (isGranted: boolean): void => {
      cancel();
      this.#open.delete(event);
      done(isGranted);
    };
    cancel = timers.at(clock.monotonicMs() + PATIENCE_MS, () => {
      decide(false);
    });
    this.#open.set(event, { name, decide });
    this.#chronicle.flush();
  }

  /** A rule has called `port(name)`, of this event; false where nobody waits for that. */
  grant(event: number | undefined, name: string): boolean {
    const asked = event === undefined ? undefined : this.#open.get(event);
    if (asked?.name !== name) return false;
    asked.decide(true);
    return true;
  }

  /** All rules have been called for events up to this one. */
  through(event: number): void {
    for (const [asked, { decide }] of [...this.#open]) if (asked <= event) decide(false);
  }
}
