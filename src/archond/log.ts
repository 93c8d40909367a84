import type { LogLevel } from './settings.ts';

/** What archond says to its operator. Library code never logs: only the loop and what stands beside it. */
export interface Log {
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
}

type Line = readonly [
  level: LogLevel,
  message: string,
  details: Readonly<Record<string, unknown>> | undefined,
];

/** Lines kept until the writer is there; more than these are not expected before the first second is over. */
const EARLY_LINES = 1000;
/** What is kept while standard error does not take it; what is beyond is dropped, for a full pipe must not stop the supervisor. */
const STANDARD_ERROR = 2;
const BUFFER_BYTES = 1024 * 1024;

/**
 * A log to a descriptor: JSON lines, or lines for people on a terminal. The library that writes is
 * loaded when `open` is called, after the socket answers: until then lines wait.
 */
export class DeferredLog implements Log {
  #early: Line[] = [];
  #write: ((line: Line) => void) | undefined;

  error(message: string, details?: Readonly<Record<string, unknown>>): void {
    this.#take(['error', message, details]);
  }
  warn(message: string, details?: Readonly<Record<string, unknown>>): void {
    this.#take(['warn', message, details]);
  }
  info(message: string, details?: Readonly<Record<string, unknown>>): void {
    this.#take(['info', message, details]);
  }
  debug(message: string, details?: Readonly<Record<string, unknown>>): void {
    this.#take(['debug', message, details]);
  }

  /** Begins to write, to standard error. */
  async open(level: LogLevel, forPeople: boolean): Promise<void> {
    const { default: pino } = await import('pino');
    const destination = pino.destination({ dest: STANDARD_ERROR, sync: false, maxLength: BUFFER_BYTES });
    /* A disk that is full costs lines, not the supervisor: they are tried again with the next ones. */
    destination.on('error', () => undefined);
    const target = forPeople
      ? { write: (line: string): void => void destination.write(readable(line)) }
      : destination;
    const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, target);
    this.#write = ([lineLevel, message, details]) => {
      logger[lineLevel](details ?? {}, message);
    };
    const early = this.#early;
    this.#early = [];
    early.forEach(this.#write);
  }

  #take(line: Line): void {
    if (this.#write !== undefined) this.#write(line);
    else if (this.#early.length < EARLY_LINES) this.#early.push(line);
  }
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error' };

/** One JSON line of the log as a person reads it: time, level unless it is the usual one, message, details. */
export function readable(json: string): string {
  const { level, time, msg, ...details } = JSON.parse(json) as {
    readonly level: number;
    readonly time: string;
    readonly msg: string;
  };
  const name = level === 30 ? '' : `${LEVEL_NAMES[level] ?? String(level)}: `;
  const rest = Object.entries(details).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${[`${time.slice(11, 23)} ${name}${msg}`, ...rest].join('  ')}\n`;
}
