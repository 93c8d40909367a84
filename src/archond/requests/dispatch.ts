import { failure } from '../../base/failure.ts';
import type { Request } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { list } from './list.ts';
import { run } from './run.ts';
import { startDaemon } from './start-daemon.ts';

/** The version of the protocol that this supervisor speaks. */
const PROTOCOL_VERSION = 1;

/** Carries out a request, or says that it cannot be had yet. */
export function carryOut(house: House, request: Request, call: Call): void {
  switch (request.verb) {
    case 'Version':
      call.ok('archon', house.version, String(PROTOCOL_VERSION));
      return;
    case 'Run':
      run(house, request, call);
      return;
    case 'StartDaemon':
      startDaemon(house, request, call);
      return;
    case 'List':
      list(house, request, call);
      return;
    case 'Shutdown':
      house.shutdown.begin(request.options.timeout, call);
      return;
    case 'Cancel': {
      const cancelled = call.client.callOf(request.args.tag);
      if (cancelled === undefined) {
        call.fail(failure('not-found', `no request has the tag ${request.args.tag}`));
        return;
      }
      cancelled.cancel(failure('cancelled'));
      call.ok();
      return;
    }
    default:
      call.fail(failure('unsupported', `${request.verb} cannot be had yet`));
  }
}
