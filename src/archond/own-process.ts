/** The process that archond is, as far as it is not `Sys`. */
export interface OwnProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says something to whoever started it, until it answers; then to where its log is. */
  readonly say: (message: string) => void;
  /** Tells the service manager that started it, if one did, how it stands (sd_notify(3)). */
  readonly manager: (assignments: string) => void;
  /** Ends it at once. */
  readonly exit: (code: number) => never;
  /** Its keeper has died. */
  readonly orphaned: () => never;
  /** It answers: whoever started it needs not be told any more what stood in its way. */
  readonly answers: () => void;
  /** It has closed what it had; the process ends by itself with this code. */
  readonly over: (code: number) => void;
}
