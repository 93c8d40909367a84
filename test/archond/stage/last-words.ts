import { afterAll, beforeAll } from 'vitest';
import { ArchondKilled } from '../../../src/sys/fake/misuse.ts';

const KINDS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * An archond of the fake that was killed in the middle of a step gets an error out of each further call; where that
 * is in a promise or a microtask nobody catches it. Until this is disposed nobody is bothered with it either.
 */
export function ignoreLastWords(): Disposable {
  const before = KINDS.map((kind) => [kind, process.rawListeners(kind)] as const);
  for (const [kind, listeners] of before) {
    process.removeAllListeners(kind);
    process.on(kind, (error: unknown) => {
      if (!(error instanceof ArchondKilled))
        for (const listener of listeners) Reflect.apply(listener, process, [error, kind]);
    });
  }
  return {
    [Symbol.dispose]: () => {
      for (const [kind, listeners] of before) {
        process.removeAllListeners(kind);
        for (const listener of listeners) process.on(kind, listener as (error: unknown) => void);
      }
    },
  };
}

/** The same for all tests of the file, or of the group, in which it is called. */
export function allIgnoreLastWords(): void {
  let words: Disposable | undefined;
  beforeAll(() => {
    words = ignoreLastWords();
  });
  afterAll(() => {
    words?.[Symbol.dispose]();
  });
}
