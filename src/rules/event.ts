/** An event as rules are offered it: fields of the protocol, one character for each byte. Plain data, for it goes from one thread to another. */
export interface OfferedEvent {
  readonly sequence: number;
  /** Unix seconds. */
  readonly time: number;
  readonly label: string;
  readonly kind: string;
  /** Names and values in turn, as the record has them. */
  readonly details: readonly string[];
  /** It happened while archond was away. */
  readonly late: boolean;
  /** How many rules led to it, one firing the other; 0 where none did. */
  readonly depth: number;
  /** The unit's state after it, and that before, as far as they are known; the same where it changes none. */
  readonly state?: string | undefined;
  readonly previous?: string | undefined;
  /** Of its process, where a rule asks for them. */
  readonly exe?: string | undefined;
  readonly command?: string | undefined;
}

/** A unit as rules see it. */
export interface SeenUnit {
  readonly label: string;
  /** Undefined where there is no such unit any more. */
  readonly state: string | undefined;
  readonly pid?: number | undefined;
  readonly restarts?: number | undefined;
}

/** What `process(pid)` tells; undefined where there is none. */
export interface SeenProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  /** Path of its program; empty where it may not be seen. */
  readonly exe: string;
  /** Its words, with blanks between. */
  readonly command: string;
  /** Resident, in bytes. */
  readonly memory: number;
  /** Unix seconds. */
  readonly started: number;
}
