import { constants } from 'node:os';
import type { Program } from './process.ts';

/** Exits with `code` after `ms`. */
export function exits(code: number, ms = 0): Program {
  return (self) => {
    if (ms === 0) self.exit(code);
    else self.after(ms, () => self.exit(code));
  };
}

/** Dies by `signal` after `ms`. */
export function dies(signal: number, ms = 0, core = false): Program {
  return (self) => {
    self.after(ms, () => self.die(signal, core));
  };
}

/** Runs until a signal ends it. */
export function runs(): Program {
  return () => undefined;
}

/** Does what several programs do. */
export function together(...programs: readonly Program[]): Program {
  return (self) => {
    for (const program of programs) if (self.alive) program(self);
  };
}

/** Ignores signals, SIGTERM if none is named. */
export function ignores(...signals: readonly number[]): Program {
  return (self) => {
    for (const signal of signals.length > 0 ? signals : [constants.signals.SIGTERM])
      self.on(signal, 'ignore');
  };
}

/** Exits with `code`, `ms` after `signal` has come. */
export function exitsOn(signal: number, code: number, ms = 0): Program {
  return (self) => {
    self.on(signal, () => exits(code, ms)(self));
  };
}

/** Writes, by default to standard output. */
export function writes(data: Uint8Array | string, number = 1): Program {
  return (self) => self.write(number, data);
}

/** Forks twice, as a daemon does: what remains has no parent, a session of its own, and does what `orphan` does. */
export function doubleForks(orphan: Program): Program {
  return (self) => {
    self.fork((between) => {
      between.fork((last) => {
        last.startSession();
        orphan(last);
      });
      between.exit(0);
    });
  };
}

/** Forks another of itself every `ms`, which does the same. */
export function multiplies(ms: number): Program {
  const program: Program = (self) => {
    self.after(ms, () => {
      self.fork(program);
      program(self);
    });
  };
  return program;
}

/** Forks another of itself every `ms`, and exits: its tree is never empty, and no process in it grows old. */
export function hops(ms: number): Program {
  const program: Program = (self) => {
    self.after(ms, () => {
      self.fork(program);
      self.exit(0);
    });
  };
  return program;
}

/** Copies one descriptor to another until its end, then exits with 0. */
export function copies(from = 0, to = 1): Program {
  return (self) => {
    self.read(from, (piece) => {
      if (piece === 'end') self.exit(0);
      else self.write(to, piece);
    });
  };
}
