/* The deciding part: started by the keeper, and started again whenever it dies. */
import { isTerminal } from '../sys/real/terminal.ts';
import { sendOutputTo } from '../sys/real/own-output.ts';
import type { RealKeeper } from '../sys/real/keeper.ts';
import { tellServiceManager } from '../sys/real/service-manager.ts';
import { realSys } from '../sys/real/real-sys.ts';
import type { Sys } from '../sys/sys.ts';
import { Archond } from './archond.ts';
import type { OwnProcess } from './own-process.ts';
import { DeferredLog } from './log.ts';
import { outliveKeeper } from './next-keeper.ts';
import {
  KEEPER_FD_VARIABLE,
  KEEPER_VARIABLE,
  SETTINGS_VARIABLE,
  type KeeperCommand,
  type Settings,
} from './settings.ts';

/** Loading what writes the log takes as long as all that comes before: those who wait for an answer come first. */
const LOG_AFTER_MS = 50;
const LOG_RETRY_MS = 30_000;

const given = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as Settings;
/** The keeper adds the word where none of those before came up. */
const settings = { ...given, isSafe: given.isSafe || process.argv.includes('--safe') };
/** Where it logs to in the background. */
const OWN_LOG = `${settings.logDir}/archond.log`;
const log = new DeferredLog();

function say(message: string): void {
  process.stderr.write(`archond: ${message}\n`);
}

/** What nothing above has caught is a defect: said once, and the keeper starts anew. */
process.on('uncaughtException', (error) => {
  say(error.stack ?? String(error));
  process.exit(70);
});
/* Without a handler Node would open its debugger to whoever sends this. */
process.on('SIGUSR1', () => undefined);

/**
 * Until now whoever started us was told what stood in the way; the keeper lets go of them as well. Standard error
 * is the log from then on; where it cannot be opened (its disk is read-only, or missing), that is tried again.
 */
function leaveCaller({ clock, timers }: Pick<Sys, 'clock' | 'timers'>, isFirst = true): void {
  const sent = sendOutputTo(OWN_LOG);
  if (sent.ok) return;
  if (isFirst) {
    sendOutputTo('/dev/null');
    log.warn('the log could not be written', { error: sent.error.code, file: OWN_LOG });
  }
  timers.at(clock.monotonicMs() + LOG_RETRY_MS, () => {
    leaveCaller({ clock, timers }, false);
  });
}

function openLog(): void {
  void log.open(settings.logLevel, settings.foreground && isTerminal(2));
}

function ownProcess(sys: Sys & { readonly keeper: RealKeeper }): OwnProcess {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    env: process.env,
    say,
    exit: (code) => process.exit(code),
    orphaned: () => {
      const command = JSON.parse(process.env[KEEPER_VARIABLE] ?? '{}') as KeeperCommand;
      return outliveKeeper(sys.keeper, command, settings.runtimeDir, settings.foreground, sys.clock, say);
    },
    manager: (assignments) => {
      tellServiceManager(process.env['NOTIFY_SOCKET'], assignments);
    },
    answers: () => {
      if (!settings.foreground) leaveCaller(sys);
      sys.timers.at(sys.clock.monotonicMs() + LOG_AFTER_MS, openLog);
    },
    over: (code) => {
      process.exitCode = code;
    },
  };
}

const channel = Number(process.env[KEEPER_FD_VARIABLE]);
if (!Number.isInteger(channel) || channel < 3) {
  say('this part is started by the keeper; call bin/archond');
  process.exit(1);
}
const sys = realSys(channel);
new Archond(sys, settings, log, ownProcess(sys)).start();
