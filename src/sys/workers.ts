/** What is told of a worker; nothing comes after its end. */
export interface WorkerListener {
  message(message: unknown): void;
  /** It has ended without having been asked to: in one sentence, why. `note` is what it noted last. */
  ended(why: string, note: number): void;
}

/** A program that runs beside this one, in a thread and a heap of its own. */
export interface Worker {
  /** Hands it a copy of plain data. */
  post(message: unknown): void;
  /** Ends it, whatever it is doing; no listener is called afterwards. */
  end(): void;
}

/** Programs of Archon's own that must not hold up the loop, nor take its memory with them. */
export interface Workers {
  /**
   * Starts a JavaScript file, which gets and posts plain data. It is ended where its heap grows beyond `heapMb`; what it
   * notes (a whole number) can be seen even then.
   */
  start(program: string, heapMb: number, listener: WorkerListener): Worker;
}

/** What the program in a worker has of it. */
export interface WorkerSide {
  /** Messages come from now on. */
  listen(take: (message: unknown) => void): void;
  post(message: unknown): void;
  note(value: number): void;
  /** A clock that passes steadily, in milliseconds. */
  readonly wallMs: () => number;
  /** Seconds since 1970-01-01 UTC. */
  readonly nowS: () => number;
}
