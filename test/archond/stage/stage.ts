/**
 * What histories are played to: a supervisor that supervises. There are two, a real one with real processes and that of
 * the fake machine, whose clock is virtual; what is told and answered must be the same.
 */
export interface Stage extends AsyncDisposable {
  /** Where its units leave things. */
  readonly folder: string;
  /** Sends these lines on a connection of their own, and says that there are no more; resolves with all that is answered. */
  ask(...lines: readonly string[]): Promise<string[]>;
  /** Sends this line, and goes on hearing. */
  hear(line: string): Promise<Hearing>;
  /** Kills archond, and waits until its successor answers. */
  killDeciding(): Promise<void>;
}

/** What comes on a connection, line by line. */
export interface Hearing extends Disposable {
  /** Resolves when the lines that came and were not taken fulfil the condition. */
  until(isSo: (lines: readonly string[]) => boolean): Promise<void>;
  /** Resolves with the first of them of this form. */
  untilLine(form: RegExp): Promise<string>;
  /** What has come since the last time. */
  takeLines(): string[];
}

/** Units of a configuration by label, as they stand in the file. */
export type Units = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Each unit's state, by label. */
export async function statesOf(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const units = await stage.ask('List');
  return new Map(units.slice(0, -1).map((line) => line.split(',').slice(1, 3) as [string, string]));
}
