import { exit, isTerminal, terminalColumns, whenReaderGone, writeAll } from '../../sys/dialer.ts';
import type { Result } from '../../base/result.ts';
import type { SysError } from '../../sys/sys.ts';
import { describeErrno } from '../../base/errno.ts';

const OUT = 1;
const ERROR = 2;

/** What a shell would show of a program that died of SIGPIPE. */
const BROKEN_PIPE = 128 + 13;
const NOT_WRITTEN = 1;

/** Where archonctl prints. */
export interface Screen {
  /** What was asked for, to standard output. */
  out(text: string): void;
  outBytes(bytes: Uint8Array): void;
  /** One sentence about what went wrong or deserves to be known, to standard error. */
  complain(sentence: string): void;
  /** From now on the program ends as soon as nobody reads its standard output any more, and not only when it prints next. */
  endWithReader(): void;
  /** To standard error as it is. */
  err(text: string): void;
  /** Columns of the terminal that standard output is; undefined where it is none. */
  columns(): number | undefined;
  /** Whether standard output may be coloured. */
  isColoured(): boolean;
  /** Whether standard error is a terminal, where progress is shown. */
  showsProgress(): boolean;
}

/** The real one. A reader that has gone ends the program, as it would end any other; so does a full disk, with a sentence. */
export function realScreen(wantsColour: boolean): Screen {
  const err = (text: string): void => {
    writeAll(ERROR, Buffer.from(text));
  };
  const complain = (sentence: string): void => {
    err(`archonctl: ${sentence}\n`);
  };
  const mustBeTaken = (written: Result<undefined, SysError>): void => {
    if (written.ok) return;
    if (written.error.code === 'EPIPE') exit(BROKEN_PIPE);
    complain(`cannot write to standard output: ${describeErrno(written.error.code)}`);
    exit(NOT_WRITTEN);
  };
  return {
    out: (text) => {
      mustBeTaken(writeAll(OUT, Buffer.from(text)));
    },
    outBytes: (bytes) => {
      mustBeTaken(writeAll(OUT, bytes));
    },
    complain,
    endWithReader: () => {
      whenReaderGone(OUT, () => exit(BROKEN_PIPE));
    },
    err,
    columns: () => terminalColumns(OUT),
    isColoured: () => wantsColour && isTerminal(OUT),
    showsProgress: () => isTerminal(ERROR),
  };
}
