import type { Descriptor, Sys } from '../sys.ts';
import { realClock } from './clock.ts';
import { realDescriptors } from './descriptors.ts';
import { realFiles } from './files.ts';
import { RealKeeper } from './keeper.ts';
import { RealLimits } from './limits.ts';
import { realNetwork } from './network.ts';
import { realNotices } from './notices.ts';
import { realOldFiles } from './old-files.ts';
import { realOutput } from './output.ts';
import { realPidfds } from './pidfds.ts';
import { realPorts } from './ports.ts';
import { realPrograms } from './programs.ts';
import { realSockets } from './sockets.ts';
import { realTimers } from './timers.ts';
import { realUsers } from './users.ts';
import { realWorkers } from './workers.ts';

/**
 * The operating system as archond sees it, with the keeper at the other end of `channel`, the seqpacket
 * socket that archond has inherited. Throws where that is none.
 */
export function realSys(channel: Descriptor): Sys & { readonly keeper: RealKeeper } {
  const keeper = new RealKeeper(channel);
  return {
    close: () => keeper.close(),
    clock: realClock,
    timers: realTimers,
    // Jitter and labels need no better source.
    chance: Math.random,
    keeper,
    limits: new RealLimits(keeper),
    sockets: realSockets,
    pidfds: realPidfds,
    notices: realNotices,
    network: realNetwork,
    ports: realPorts,
    output: realOutput,
    descriptors: realDescriptors,
    users: realUsers,
    programs: realPrograms,
    workers: realWorkers,
    files: realFiles,
    oldFiles: realOldFiles,
  };
}
