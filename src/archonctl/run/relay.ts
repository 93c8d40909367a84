import { monotonicMs } from '../clock.ts';
import type { Conversation } from '../conversation.ts';
import { untilStopped } from './stopped.ts';

/** What archonctl passes on to the command. SIGTSTP and SIGCONT are seen to apart. */
const PASSED_ON = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
] as const;

/** By these a person wants it to end. */
const ENDING: readonly string[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'];

/** What these say is of the moment only. */
const PASSING: readonly string[] = ['SIGWINCH', 'SIGSTOP', 'SIGCONT'];

/** No supervisor needs as long to confirm a signal unless something is wrong with it. */
const SILENCE_MS = 1000;

/**
 * Passes the signals that archonctl gets on to the process group of the command, as a terminal would.
 * Ctrl-Z stops the command and then archonctl itself, until both are continued. While the supervisor is away
 * a signal is kept; the second that asks for an end, or one on top of another that the supervisor has left
 * unanswered, is taken to mean archonctl.
 */
export class SignalRelay {
  readonly #label: string;
  readonly #kept: NodeJS.Signals[] = [];
  /** Made when it is asked for: most commands end before anybody has had enough. */
  #giveUp: AbortController | undefined;
  #givenUpBy: NodeJS.Signals | undefined;
  #conversation: Conversation | undefined;
  #unansweredSinceMs: number | undefined;
  /** A stop has been asked for, and no continuation since. */
  #isToStop = false;

  constructor(label: string) {
    this.#label = label;
    for (const signal of PASSED_ON) process.on(signal, this.#passOn);
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#continue);
  }

  /** Aborted when a person has had enough of waiting. */
  givenUp(): AbortSignal {
    this.#giveUp ??= new AbortController();
    if (this.#givenUpBy !== undefined) this.#giveUp.abort();
    return this.#giveUp.signal;
  }

  /** The signal by which a person said so. */
  get givenUpBy(): NodeJS.Signals | undefined {
    return this.#givenUpBy;
  }

  /** From here on signals go this way; those that were kept first. */
  attach(conversation: Conversation): void {
    this.#conversation = conversation;
    this.#unansweredSinceMs = undefined;
    for (const signal of this.#kept.splice(0)) void this.#send(signal);
  }

  /** The supervisor is away. */
  detach(): void {
    this.#conversation = undefined;
  }

  /** Signals do again what they do by themselves. */
  close(): void {
    this.detach();
    for (const signal of PASSED_ON) process.off(signal, this.#passOn);
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#continue);
  }

  readonly #passOn = (signal: NodeJS.Signals): void => {
    const isEnding = ENDING.includes(signal);
    const isAway = this.#conversation === undefined;
    const isSilent = monotonicMs() - (this.#unansweredSinceMs ?? Infinity) > SILENCE_MS;
    if (isEnding && (isSilent || (isAway && this.#kept.some((kept) => ENDING.includes(kept))))) {
      this.#givenUpBy = signal;
      this.#giveUp?.abort();
      this.#conversation?.close();
    } else if (isAway) {
      this.#keep(signal);
    } else {
      void this.#send(signal);
    }
  };

  #keep(signal: NodeJS.Signals): void {
    if (!PASSING.includes(signal)) this.#kept.push(signal);
  }

  readonly #stop = (): void => {
    this.#isToStop = true;
    void this.#stopBoth();
  };

  readonly #continue = (): void => {
    this.#isToStop = false;
    void this.#send('SIGCONT');
  };

  /** First the command, so that it no longer reads from the terminal when the shell does. */
  async #stopBoth(): Promise<void> {
    const isWanted = (): boolean => this.#isToStop;
    await this.#send('SIGSTOP');
    if (this.#conversation !== undefined) await untilStopped(this.#conversation, this.#label, isWanted);
    if (isWanted()) process.kill(process.pid, 'SIGSTOP');
  }

  /** Returns when the supervisor has passed it on, or never will. */
  async #send(signal: NodeJS.Signals): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    this.#unansweredSinceMs ??= monotonicMs();
    const request = ['Signal', signal, this.#label, '@scope=group'] as const;
    let answer = await conversation.ask(request);
    /* It may have come before the command exists. Where that never runs the conversation ends. */
    if (answer.kind === 'error') {
      answer = await conversation.ask(['Wait', this.#label, '@for=running']);
      if (answer.kind === 'ok') answer = await conversation.ask(request);
    }
    this.#unansweredSinceMs = undefined;
    /* Whether it was passed on nobody can say; the successor does it again rather than not at all. */
    if (answer.kind === 'lost') this.#keep(signal);
  }
}
