/**
 * What a service says of itself in one datagram (sd_notify(3)): what is absent was not said. Assignments
 * that are not known are passed over, as the protocol asks.
 */
export interface Notification {
  readonly isReady: boolean;
  readonly isReloading: boolean;
  readonly isStopping: boolean;
  /** For people. */
  readonly status?: string;
  /** Another process is the main one. */
  readonly mainPid?: number;
  /** `alive`: it is still at work. `trigger`: it asks to be taken for one that is not. */
  readonly watchdog?: 'alive' | 'trigger';
  /** How long may pass from now on between two signs of life; 0: as long as it likes. */
  readonly watchdogMs?: number;
  /** The descriptor that came along is to be closed when everything before it has been heard. */
  readonly isBarrier: boolean;
}

/** A status is cut to so many characters: it is kept, and shown in a line. */
const MOST_STATUS = 1024;

/** Reads a datagram, lines of `NAME=value`; what is not UTF-8 becomes U+FFFD. */
export function readNotification(bytes: Uint8Array): Notification {
  const said = new Map<string, string>();
  for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) said.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const status = said.get('STATUS');
  const mainPid = whole(said.get('MAINPID'));
  const watchdogUs = whole(said.get('WATCHDOG_USEC'));
  const watchdog = said.get('WATCHDOG');
  return {
    isReady: said.get('READY') === '1',
    isReloading: said.get('RELOADING') === '1',
    isStopping: said.get('STOPPING') === '1',
    isBarrier: said.get('BARRIER') === '1',
    ...(status === undefined ? {} : { status: printable(status) }),
    ...(mainPid === undefined || mainPid === 0 ? {} : { mainPid }),
    ...(watchdog === '1' ? { watchdog: 'alive' as const } : {}),
    ...(watchdog === 'trigger' ? { watchdog: 'trigger' as const } : {}),
    ...(watchdogUs === undefined ? {} : { watchdogMs: watchdogUs / 1000 }),
  };
}

function whole(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function printable(text: string): string {
  return text.slice(0, MOST_STATUS).replaceAll(/\p{Cc}/gu, ' ');
}
