import { signalName } from '../base/signals.ts';
import type { House } from './house.ts';
import type { OwnProcess } from './own-process.ts';

const SIGHUP = 1;
const SIGINT = 2;
const SIGTERM = 15;

/** Carries out what a signal to the supervisor asks for, and tells the service manager of a reload. */
export function signalled(
  { shutdown, streams, reload, sys, log }: House,
  own: OwnProcess,
  signal: number,
): void {
  if (signal === SIGTERM || signal === SIGINT) {
    shutdown.beginBySignal(signalName(signal));
  } else if (signal === SIGHUP) {
    streams.writers.reopenAll();
    log.info('log files are reopened');
    const atUs = Math.round(sys.clock.monotonicMs() * 1000);
    own.manager(`RELOADING=1\nMONOTONIC_USEC=${atUs}`);
    reload.orderBySignal(signalName(signal), () => {
      own.manager('READY=1');
    });
  }
}
