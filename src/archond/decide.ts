/* The deciding part: started by the keeper, and started again whenever it dies. */
import path from 'node:path';
import { describeErrno } from '../base/errno.ts';
import { signalName } from '../base/signals.ts';
import { VERSION } from '../base/version.ts';
import { showComplaint } from '../config/complaint.ts';
import { EMPTY_CONFIGURATION, type AccessRule } from '../config/configuration.ts';
import type { Cause } from '../supervisor/cause.ts';
import { isTerminal } from '../sys/real/caller.ts';
import { sendOutputTo } from '../sys/real/own-output.ts';
import { realSys } from '../sys/real/real-sys.ts';
import type { Connection, Listening, Sys, SysError } from '../sys/sys.ts';
import { Admission, socketMode } from './admission.ts';
import { baseEnvironment } from './base-environment.ts';
import { Chronicle } from './chronicle.ts';
import { InForce } from './configuration.ts';
import { faultsTo } from './faults.ts';
import { EventHub } from './events/hub.ts';
import { EndedRuns } from './ended-runs.ts';
import { ConfiguredUnits } from './configured/configured-units.ts';
import type { House } from './house.ts';
import { DeferredLog } from './log.ts';
import { LogHub } from './logs/log-hub.ts';
import { recover, takeLate } from './recovery.ts';
import { carryOut } from './requests/dispatch.ts';
import { Session } from './session.ts';
import { KEEPER_FD_VARIABLE, SETTINGS_VARIABLE, type Settings } from './settings.ts';
import { Shutdown } from './shutdown.ts';
import { StandardStreams } from './standard-streams.ts';
import { Supervisor } from './supervisor.ts';
import { UsageMeter } from './usage.ts';

/** Loading what writes the log takes as long as all that comes before: those who wait for an answer come first. */
const LOG_AFTER_MS = 50;
const SIGHUP = 1;
const SIGINT = 2;
const SIGTERM = 15;

const settings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as Settings;
/** Where it logs to in the background. */
const OWN_LOG = `${settings.logDir}/archond.log`;
const log = new DeferredLog();
const sessions = new Set<Session>();
const { broke, failed } = faultsTo(log);
let listening: Listening | undefined;
let admission: Admission | undefined;

/** What nothing above has caught is a defect: said once, and the keeper starts anew. */
process.on('uncaughtException', (error) => {
  process.stderr.write(`archond: ${error.stack ?? String(error)}\n`);
  process.exit(70);
});
/* Without a handler Node would open its debugger to whoever sends this. */
process.on('SIGUSR1', () => undefined);

function fatal(message: string): never {
  process.stderr.write(`archond: ${message}\n`);
  process.exit(1);
}

function start(sys: Sys): void {
  let house: House | undefined;
  /** Sent before there was anybody to heed them. */
  const early: number[] = [];
  sys.keeper.listen({
    changed: (ref) => house?.supervisor.processChanged(ref),
    signalled: (signal, count) => {
      if (house === undefined) early.push(signal);
      else signalled(house, signal);
      sys.keeper.signalNoted(signal, count);
    },
    orphaned: () => undefined,
    gone: () => fatal('the keeper is gone'),
  });
  sys.keeper.hello((welcome) => {
    if (!welcome.ok) fatal(`the keeper does not answer as it should: ${welcome.error.code}`);
    const inForce = new InForce(sys, settings);
    configure(sys, inForce, welcome.value.epoch === 1, () => {
      sys.keeper.kept((kept) => {
        if (!kept.ok) fatal(`the keeper does not hand over its descriptors: ${kept.error.code}`);
        house = build(sys, inForce);
        const { chronicle } = house;
        const { epoch } = welcome.value;
        const cause = chronicle.note('started', [['epoch', String(epoch)]]);
        const isEnding = epoch !== 1 && chronicle.shutdownBefore() !== undefined;
        const found = recover(house, kept.value, epoch === 1, !isEnding, cause);
        chronicle.whenLate = (units) => {
          if (house !== undefined) takeLate(house, units);
        };
        if (found > 0 && epoch !== 1) log.info('took over', { units: found, epoch });
        answer(house, cause, welcome.value.descriptorLimit.hard);
        if (isEnding) house.shutdown.resume(cause);
        for (const signal of early) signalled(house, signal);
      });
    });
  });
}

/**
 * Goes on when a configuration is in force: that of the archond before, or what the files say. What is wrong
 * with them at the very start ends everything, nothing having been started; later the supervisor does without.
 */
function configure(sys: Sys, inForce: InForce, isFirst: boolean, goOn: () => void): void {
  if (!isFirst && inForce.resume()) {
    goOn();
    return;
  }
  inForce.load((loaded) => {
    const complaints = loaded.ok ? [] : loaded.error;
    for (const complaint of complaints) process.stderr.write(`archond: ${showComplaint(complaint)}\n`);
    if (!loaded.ok && isFirst) {
      sys.keeper.quit(1, () => process.exit(1));
      return;
    }
    const kept = inForce.put(loaded.ok ? loaded.value : EMPTY_CONFIGURATION);
    if (!kept.ok) log.warn('the configuration in force cannot be kept', { error: kept.error.code });
    goOn();
  });
}

function build(sys: Sys, inForce: InForce): House {
  const empty = sys.descriptors.openNull();
  if (!empty.ok) fatal(`cannot open /dev/null: ${empty.error.code}`);
  const chronicle = new Chronicle(sys, settings, log);
  const streams = new StandardStreams(sys, log, settings.logDir, empty.value);
  const supervisor = new Supervisor(sys, log, chronicle, streams);
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const baseEnv = baseEnvironment(process.env);
  const turn = async (): Promise<void> =>
    new Promise((resolve) => {
      sys.timers.at(sys.clock.monotonicMs(), resolve);
    });
  const configured = new ConfiguredUnits(
    inForce.configuration,
    { sys, baseEnv, socket: settings.socket },
    {
      sys,
      log,
      commands: supervisor.commands,
      runtimeDir: settings.runtimeDir,
      nothing: streams.nothing,
    },
    streams,
    supervisor,
    chronicle,
  );
  const over = (): void => {
    inForce.clear();
    end(house, shutdown.cause);
  };
  const shutdown = new Shutdown({ sys, supervisor, chronicle, log, graph: configured.graph, over });
  const events = new EventHub(sys.clock, sys.timers);
  chronicle.tellTo(events);
  const house: House = {
    sys,
    settings,
    inForce,
    log,
    supervisor,
    streams,
    endedRuns: new EndedRuns(sys, supervisor),
    usage: new UsageMeter(sys),
    chronicle,
    configured,
    events,
    logs: new LogHub(sys, streams.writers),
    shutdown,
    baseEnv,
    version: VERSION,
    uid,
    gid,
    turn,
    broke,
  };
  return house;
}

function signalled(house: House, signal: number): void {
  if (signal === SIGTERM || signal === SIGINT) {
    house.shutdown.beginBySignal(signalName(signal));
  } else if (signal === SIGHUP) {
    log.info('there is nothing to reload: no configuration');
  }
}

function answer(house: House, cause: Cause, descriptorLimit: number): void {
  const { sys, inForce } = house;
  const access = (): readonly AccessRule[] => inForce.configuration.access;
  const door = new Admission(sys, descriptorLimit, house.uid, access);
  admission = door;
  const bound = sys.sockets.listen(settings.socket, socketMode(access()), (connection) => {
    serve(house, door, connection);
  });
  if (!bound.ok) fatal(cannotListen(sys, bound.error));
  listening = bound.value;
  const closed = access().length === 0 ? undefined : sys.files.closedFolder(path.dirname(settings.socket));
  if (closed !== undefined)
    log.warn('admitted users may not reach the socket', { 'not passed by all': closed });
  house.chronicle.note('ready', [['version', VERSION]], cause);
  house.chronicle.flush();
  if (!settings.foreground) leaveCaller();
  sys.keeper.ready(() => undefined);
  log.info('ready', { socket: settings.socket, pid: process.pid });
  sys.timers.at(sys.clock.monotonicMs() + LOG_AFTER_MS, openLog);
}

/** Why nobody can be heard, and who is in the way. */
function cannotListen(sys: Sys, { code, call }: SysError): string {
  const { socket } = settings;
  if (code === 'EEXIST') return `${socket} is there and no socket; remove it, or name another with --socket`;
  if (code !== 'EADDRINUSE') return `cannot listen on ${socket}: ${describeErrno(code)} (${call})`;
  const other = sys.sockets.connect(socket);
  if (!other.ok) return `another program listens on ${socket}; name another with --socket`;
  const { pid } = other.value.peer;
  other.value.close();
  return `another program (process ${pid}) answers on ${socket}; name another with --socket`;
}

function openLog(): void {
  const to = settings.foreground ? 2 : OWN_LOG;
  void log.open(to, settings.logLevel, settings.foreground && isTerminal(2));
}

/** Until now whoever started us was told what stood in the way; the keeper lets go of them as well. */
function leaveCaller(): void {
  const sent = sendOutputTo(OWN_LOG);
  if (!sent.ok)
    log.warn('standard error stays that of the caller', { error: sent.error.code, file: OWN_LOG });
}

function serve(house: House, door: Admission, connection: Connection): void {
  const admitted = door.admit(connection);
  if (admitted === undefined) return;
  const session = new Session(connection, admitted, {
    carryOut: (request, call) => {
      carryOut(house, request, call);
    },
    whenIdle: (action) => {
      house.supervisor.whenIdle(action);
    },
    isShuttingDown: () => house.shutdown.isBegun,
    closeDescriptor: (descriptor) => {
      house.sys.descriptors.close(descriptor);
    },
    left: (left) => {
      sessions.delete(left);
      admitted.left();
    },
    broke,
    failed,
  });
  sessions.add(session);
}

/** Everything is down: the last replies go out, what was wanted by hand is over, the keeper cleans up, and both end. */
function end({ sys, supervisor, chronicle, events, logs }: House, cause: Cause): void {
  listening?.close();
  for (const record of [...supervisor.records.values()]) supervisor.remove(record);
  chronicle.note('shut-down', [], cause);
  chronicle.shutdownOver();
  chronicle.flush();
  events.tell();
  logs.tellAll();
  for (const session of sessions) session.close();
  admission?.close();
  chronicle.close(() => {
    sys.keeper.quit(0, () => {
      process.exitCode = 0;
      sys.close();
    });
  });
}

const channel = Number(process.env[KEEPER_FD_VARIABLE]);
if (!Number.isInteger(channel) || channel < 3) fatal('this part is started by the keeper; call bin/archond');
start(realSys(channel));
