import { failure, type Failure } from '../base/failure.ts';
import type { Request, RequestOf } from './request.ts';

/** What parts of a request that are right each by itself have against each other (`bad-argument`), or undefined. */
export function contradiction(request: Request, descriptors: number): Failure | undefined {
  const fault = faultOf(request, descriptors);
  return fault === undefined ? undefined : failure('bad-argument', fault);
}

function faultOf(request: Request, descriptors: number): string | undefined {
  if (request.verb === 'Run' || request.verb === 'StartDaemon') {
    const isTwice = request.options.stdin !== undefined && descriptors > 0;
    return isTwice ? 'standard input is given twice, by @stdin and by a descriptor' : undefined;
  }
  if (request.verb === 'Subscribe') return faultOfSubscribe(request.options);
  if (request.verb === 'Log') return faultOfLog(request.options);
  if (request.verb === 'Reload' && request.options.check === true && request.options.confirm !== undefined) {
    return '@check=1 applies nothing that @confirm could take back';
  }
  return undefined;
}

function faultOfSubscribe({ after, snapshot }: RequestOf<'Subscribe'>['options']): string | undefined {
  if (after === undefined) return undefined;
  if (snapshot === true) return '@after and @snapshot exclude each other';
  return after.journal === undefined
    ? '@after needs the journal id too: write @after=<journal id>:<sequence>'
    : undefined;
}

function faultOfLog(options: RequestOf<'Log'>['options']): string | undefined {
  const { lines, since, follow, fd, reopen } = options;
  const hasLines = lines !== undefined || since !== undefined || follow === true;
  if (fd === true && (hasLines || reopen === true))
    return '@fd=1 gives the file itself: no other option goes with it';
  return reopen === true && hasLines ? '@reopen=1 gives no lines: no other option goes with it' : undefined;
}
