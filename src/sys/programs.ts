import type { Result } from '../base/result.ts';
import type { Cancel, SysError } from './sys.ts';

/** Programs of Archon's own that are run apart from it, so that nothing of them stays. */
export interface Programs {
  /**
   * Runs a JavaScript file with a text at its standard input, of any length, and answers with what it has written to standard
   * output. `EIO` where it did not end well, the errno of its start (`EAGAIN`, `ENOMEM`, `EMFILE`, `ENFILE`) where it could not be begun.
   */
  run(program: string, input: string, done: (result: Result<string, SysError>) => void): Cancel;
}
