/** Who asks: a rule, or what stands in a file outside of any, and the event that made it fire. */
export interface Origin {
  readonly file: string;
  /** Its name; empty outside of rules. */
  readonly rule: string;
  /** Number of the event; undefined for what a file does by itself. */
  readonly sequence: number | undefined;
  /** That event's label. */
  readonly label: string;
  /** How many rules led to the event. */
  readonly depth: number;
}

/** Something that a rule wants done. Fields are bytes, as in the protocol. */
export type Action =
  | { readonly kind: 'start' | 'stop' | 'restart'; readonly targets: readonly string[] }
  | { readonly kind: 'signal'; readonly signal: string; readonly targets: readonly string[] }
  | {
      readonly kind: 'run' | 'start-daemon';
      readonly command: string;
      readonly label: string | undefined;
      readonly env: readonly (readonly [string, string])[];
      /** By which the function is called that waits for its end; undefined where none does. */
      readonly waiter: number | undefined;
    }
  | { readonly kind: 'monitor'; readonly pid: number }
  | {
      readonly kind: 'publish';
      readonly event: string;
      readonly label: string;
      readonly details: readonly (readonly [string, string])[];
    }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'port'; readonly name: string };

/** Of `log`. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** What is told of a rule that did not do what it was to. */
export interface Trouble {
  readonly file: string;
  readonly rule: string;
  readonly line: number | undefined;
  /** `failed`: an error, or over its budget; `suspended`: for good; `cut`: a chain of rules that fire each other; `refused`: what it asked for. */
  readonly what: 'failed' | 'suspended' | 'cut' | 'refused';
  readonly message: string;
  readonly origin: Origin;
}

/** What a host asks of whoever runs it. */
export type Ask =
  | { readonly kind: 'act'; readonly origin: Origin; readonly action: Action }
  | { readonly kind: 'fired'; readonly rule: number }
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly rule: number | undefined }
  /** To be fired after so long, and again and again after as long as that. */
  | { readonly kind: 'timer'; readonly id: number; readonly ms: number; readonly repeats: boolean }
  | { readonly kind: 'cancel'; readonly id: number }
  /** A process was found that is to be watched under this label. */
  | { readonly kind: 'watch'; readonly file: string; readonly name: string; readonly pid: number }
  /** What the file now has, after it was loaded. */
  | { readonly kind: 'file'; readonly file: LoadedFile };

/** A rule as the index and the table of rules know it. */
export interface RuleInfo {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  /** Globs and labels; undefined: of all. */
  readonly labels: readonly string[] | undefined;
  /** Undefined: all but `port`. */
  readonly kinds: readonly string[] | undefined;
  /** It asks for path or command line of the process. */
  readonly asksProcess: boolean;
}

/** Processes that are to be watched. */
export interface WatchInfo {
  readonly name: string;
  readonly exe: string | undefined;
  readonly command: string | undefined;
}

/** What came of loading a file. */
export interface LoadedFile {
  readonly name: string;
  /** Where it could not be loaded: then what it had before stays in force, `rules` are these. */
  readonly fault: { readonly message: string; readonly line: number | undefined } | undefined;
  readonly rules: readonly RuleInfo[];
  readonly watches: readonly WatchInfo[];
}

/** An action as tests, replay and people see it: one line. */
export function actionLine(action: Action): string {
  switch (action.kind) {
    case 'start':
    case 'stop':
    case 'restart':
      return `${action.kind} ${action.targets.join(' ')}`;
    case 'signal':
      return `signal ${action.targets.join(' ')} ${action.signal}`;
    case 'run':
    case 'start-daemon':
      return `${action.kind} ${action.command}`;
    case 'monitor':
      return `monitor ${action.pid}`;
    case 'publish':
      return ['publish', action.event, ...action.details.map(([name, value]) => `${name}=${value}`)].join(
        ' ',
      );
    case 'note':
      return `note ${action.text}`;
    case 'log':
      return `log ${action.level} ${action.text}`;
    case 'port':
      return `port ${action.name}`;
  }
}
