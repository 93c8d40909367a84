import type { Failure } from '../../base/failure.ts';
import type { Closing } from '../conversation.ts';

/** What `run` ends with where the command itself had no end; as env(1), nohup(1) and timeout(1). */
export const RUN_EXIT = {
  ownFailure: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

const NOT_THERE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR'];

/** The exit code of `run` for the answer to its request: the command's own, or that of the failure. */
export function runExitCode(closing: Closing): number {
  if (closing.kind === 'exit-status') return closing.code;
  return closing.kind === 'error' ? codeOfFailure(closing.failure) : RUN_EXIT.ownFailure;
}

/** Only `exec` itself tells of the command; what failed before is the fault of how it was to be run. */
function codeOfFailure({ code, more = [] }: Failure): number {
  const [stage, errno] = more;
  if (code !== 'exec-failed' || stage !== 'exec') return RUN_EXIT.ownFailure;
  return NOT_THERE.includes(errno) ? RUN_EXIT.notFound : RUN_EXIT.notExecutable;
}
