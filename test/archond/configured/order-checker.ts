/*
 * What the page of dependencies says of the order of things, told of events as a client reads them. It knows the wire by
 * its own few lines, and shares no code with what it checks.
 */

/** What a unit says of others, as far as this checker goes. */
export interface Said {
  readonly type: 'service' | 'oneshot';
  readonly needs: readonly string[];
  readonly wants: readonly string[];
  readonly after: readonly string[];
}

interface Happened {
  readonly sequence: number;
  readonly label: string;
  readonly kind: string;
  readonly cause: number;
  /** It was killed, by whoever does such things: nobody could ask it to wait for others. */
  readonly isKilled: boolean;
}

/** A time in which something held: from this event on, before that one. */
interface Span {
  readonly from: number;
  to: number;
}

/** Fields of a line of CSV. */
export function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}

function happenedIn(line: string): Happened | undefined {
  const [name, sequence, , label = '', kind = '', ...details] = fieldsOf(line);
  if (name !== 'Event' || label === '') return undefined;
  const cause = details.find((one) => one.startsWith('cause='))?.slice('cause='.length);
  const isKilled = details.includes('signal=SIGKILL');
  return { sequence: Number(sequence), label, kind, cause: Number(cause ?? 0), isKilled };
}

/** Reads events one after the other, and notes what goes against the order. */
export class OrderChecker {
  readonly faults: string[] = [];
  /** Orders have come between: what is wanted may be waited for by nobody, because nothing starts it. */
  isDisturbed = false;
  /** The number of the last event. */
  sequence = 0;
  /** What was told last of each unit; that it was adopted changes nothing. */
  readonly latest = new Map<string, string>();
  readonly #units: ReadonlyMap<string, Said>;
  readonly #dependents = new Map<string, string[]>();
  readonly #ups = new Map<string, Span[]>();
  readonly #processes = new Set<string>();
  /** What they have done as oneshots stands. */
  readonly #standing = new Set<string>();
  readonly #asked = new Set<string>();
  /** Something has come of its start. */
  readonly #settled = new Set<string>();

  constructor(units: ReadonlyMap<string, Said>) {
    this.#units = units;
    for (const [label, { needs }] of units)
      for (const need of needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), label]);
  }

  /** Takes a line that was received, be it an event or not. */
  take(line: string): void {
    this.sequence = Number(/^Event,(\d+),/.exec(line)?.[1] ?? this.sequence);
    const happened = happenedIn(line);
    const said = happened === undefined ? undefined : this.#units.get(happened.label);
    if (happened === undefined || said === undefined) return;
    this.#look(happened, said);
    if (happened.kind !== 'adopted') this.latest.set(happened.label, happened.kind);
  }

  #look(happened: Happened, said: Said): void {
    const { label, kind, sequence } = happened;
    switch (kind) {
      case 'starting':
        this.#starts(happened, said);
        this.#processes.add(label);
        this.#standing.delete(label);
        this.#asked.delete(label);
        return;
      case 'adopted':
        /* That it had been started was not told any more. */
        this.#processes.add(label);
        this.#standing.delete(label);
        return;
      case 'running':
        this.#settled.add(label);
        this.#ups.set(label, [...(this.#ups.get(label) ?? []), { from: sequence, to: Infinity }]);
        return;
      case 'finished':
        this.#settled.add(label);
        if (said.type === 'service') return;
        this.#standing.add(label);
        this.#ups.set(label, [...(this.#ups.get(label) ?? []), { from: sequence, to: Infinity }]);
        return;
      case 'stopping':
        this.#isDown(label, sequence);
        this.#asked.add(label);
        return;
      case 'exited':
        this.#isDown(label, sequence);
        this.#settled.add(label);
        this.#processes.delete(label);
        if (this.#asked.has(label) && !happened.isKilled) this.#isGone(label);
        return;
      case 'stopped':
      case 'waiting':
        this.#standing.delete(label);
        return;
      case 'failed':
      case 'backoff':
        this.#settled.add(label);
        return;
      default:
        return;
    }
  }

  #isDown(label: string, sequence: number): void {
    const last = this.#ups.get(label)?.at(-1);
    if (last?.to === Infinity) last.to = sequence;
  }

  /** Between what made it start and its start there must have been a time in which all that it needs was up. */
  #starts({ label, sequence, cause }: Happened, { needs, wants, after }: Said): void {
    if (this.#processes.has(label)) this.faults.push(`${sequence}: ${label} starts beside itself`);
    let spans: readonly Span[] = [{ from: cause, to: sequence }];
    for (const need of needs) {
      const ups = this.#ups.get(need) ?? [];
      spans = spans.flatMap((span) =>
        ups
          .map((up) => ({ from: Math.max(span.from, up.from), to: Math.min(span.to, up.to) }))
          .filter(({ from, to }) => from < to),
      );
      if (spans.length === 0) this.faults.push(`${sequence}: ${label} starts though ${need} is not up`);
      if (spans.length === 0) return;
    }
    for (const other of [...wants, ...after])
      if (!this.isDisturbed && !this.#settled.has(other))
        this.faults.push(`${sequence}: ${label} starts before anything has come of ${other}`);
  }

  /** It was asked to end, and has: nothing that needs it may be left. */
  #isGone(label: string): void {
    for (const other of this.#dependents.get(label) ?? [])
      if (this.#processes.has(other) || this.#standing.has(other))
        this.faults.push(`${label} was stopped before ${other}, which needs it`);
  }
}
