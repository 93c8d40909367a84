import path from 'node:path';
import { VERSION } from '../base/version.ts';
import { showComplaint } from '../config/complaint.ts';
import { EMPTY_CONFIGURATION, type AccessRule } from '../config/configuration.ts';
import type { Head } from '../config/difference.ts';
import { USUAL_POOL } from '../portalloc/port-table.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { Cancel, Connection, Listening, Sys, Welcome } from '../sys/sys.ts';
import { Admission, socketMode } from './admission.ts';
import { baseEnvironment } from './base-environment.ts';
import { Bounds } from './bounds.ts';
import { cannotListen } from './cannot-listen.ts';
import { Chronicle } from './chronicle.ts';
import { InForce } from './configuration.ts';
import { faultsTo, type Faults } from './faults.ts';
import { EventHub } from './events/hub.ts';
import { EndedRuns } from './ended-runs.ts';
import { ConfiguredUnits, type Kept } from './configured/configured-units.ts';
import type { House } from './house.ts';
import type { Log } from './log.ts';
import { Snapshots } from './events/snapshots.ts';
import { LastStart } from './last-start.ts';
import { settledState } from './in-force-state.ts';
import { LogHub } from './logs/log-hub.ts';
import { ComingOfAge } from './reload/coming-of-age.ts';
import { Departures } from './reload/departures.ts';
import { Reload } from './reload/reload.ts';
import { recover, takeLate } from './recovery.ts';
import { carryOut } from './requests/dispatch.ts';
import { Session } from './session.ts';
import { AskedPorts } from './ports/asked-ports.ts';
import { BoundSockets } from './ports/bound-sockets.ts';
import { HeldPorts } from './ports/held-ports.ts';
import { OnConnect } from './ports/on-connect.ts';
import { OwnBinding } from './ports/own-binding.ts';
import { Rules } from './rules/rules.ts';
import type { OwnProcess } from './own-process.ts';
import type { Settings } from './settings.ts';
import { Shutdown } from './shutdown.ts';
import { signalled } from './signalled.ts';
import { StandardStreams } from './standard-streams.ts';
import { Supervisor } from './supervisor.ts';
import { beforeDetails } from './told-details.ts';
import { Timings } from './timings.ts';
import { turnOf } from './turn.ts';
import { usageMonitor } from './usage.ts';

/** How often the keeper is told that the loop goes round; a third of the time for which it believes so. */
const BEAT_MS = 10_000;

/** The program in which rules run. */
const RULE_WORKER = path.join(import.meta.dirname, 'rules/worker.cjs');

/**
 * One life of the deciding part, from its greeting of the keeper to its orderly end. It may end at any call without
 * having said so; the next one goes on from what the table, the journal and the keeper's descriptors say.
 */
export class Archond {
  readonly #sys: Sys;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #own: OwnProcess;
  readonly #faults: Faults;
  readonly #inForce: InForce;
  readonly #sessions = new Set<Session>();
  #house: House | undefined;
  /** Signals that were sent before there was anybody to heed them. */
  readonly #early: number[] = [];
  #listening: Listening | undefined;
  #keeperPid = 0;
  #admission: Admission | undefined;
  #cancelBeat: Cancel | undefined;

  constructor(sys: Sys, settings: Settings, log: Log, own: OwnProcess) {
    this.#sys = sys;
    this.#settings = settings;
    this.#log = log;
    this.#own = own;
    this.#faults = faultsTo(log);
    this.#inForce = new InForce(sys, settings);
  }

  start(): void {
    const { keeper } = this.#sys;
    keeper.listen({
      changed: (ref) => this.#house?.supervisor.processChanged(ref),
      signalled: (signal, count) => {
        if (this.#house === undefined) this.#early.push(signal);
        else signalled(this.#house, this.#own, signal);
        keeper.signalNoted(signal, count);
      },
      orphaned: () => undefined,
      gone: () => this.#own.orphaned(),
    });
    keeper.hello((welcome) => {
      if (!welcome.ok) this.#fatal(`the keeper does not answer as it should: ${welcome.error.code}`);
      this.#beat();
      this.#configure(welcome.value.epoch === 1, () => {
        this.#takeOver(welcome.value);
      });
    });
  }

  #beat(): void {
    const { keeper, timers, clock } = this.#sys;
    keeper.beat();
    this.#house?.usage.tick();
    this.#cancelBeat = timers.at(clock.monotonicMs() + BEAT_MS, () => {
      this.#beat();
    });
  }

  #takeOver({ epoch, descriptorLimit, before, isToSetAside, keeperPid }: Welcome): void {
    this.#keeperPid = keeperPid;
    this.#sys.keeper.kept((kept) => {
      if (!kept.ok) this.#fatal(`the keeper does not hand over its descriptors: ${kept.error.code}`);
      const { isSafe } = this.#settings;
      const house = this.#build(isSafe && (epoch === 1 || isToSetAside));
      const { chronicle, inForce } = house;
      const lastBefore = chronicle.journal.lastSequence;
      const isUntold = epoch !== 1 && inForce.state.toldAs > lastBefore;
      const cause = chronicle.note('started', [['epoch', String(epoch)], ...beforeDetails(before)]);
      if (epoch === 1 && cause.event !== undefined) house.lastStart.begun(cause.event);
      if (isUntold) chronicle.append('', 'config', [['what', 'reloaded']], cause);
      if (isSafe) {
        this.#log.warn('safe mode: it ends with the next orderly restart');
        chronicle.note('safe', [], cause);
      }
      house.timings.forgetOthers((label) => house.configured.claims(label));
      house.ports.takeOver(kept.value, cause, () => {
        this.#goOn(house, kept.value, cause, {
          epoch,
          hardLimit: descriptorLimit.hard,
          lastBefore,
        });
      });
    });
  }

  /** The sockets are as they can be: goes on from where the archond before stopped, and answers. */
  #goOn(
    house: House,
    kept: readonly Kept[],
    cause: Cause,
    {
      epoch,
      hardLimit,
      lastBefore,
    }: { readonly epoch: number; readonly hardLimit: number; readonly lastBefore: number },
  ): void {
    this.#house = house;
    const { chronicle } = house;
    const isEnding = epoch !== 1 && chronicle.shutdownBefore() !== undefined;
    const found = recover(house, kept, epoch === 1, !isEnding, cause);
    chronicle.whenLate = (units) => {
      takeLate(house, units);
    };
    if (found > 0 && epoch !== 1) this.#log.info('took over', { units: found, epoch });
    this.#answer(house, cause, hardLimit);
    if (isEnding) house.shutdown.resume(cause);
    for (const signal of this.#early) signalled(house, this.#own, signal);
    house.rules.begin(house, lastBefore);
  }

  /**
   * Goes on when a configuration is in force: that of the archond before, or what the files say. What is wrong
   * with them at the very start ends everything, nothing having been started; later, and in safe mode, the
   * supervisor does without.
   */
  #configure(isFirst: boolean, goOn: () => void): void {
    const inForce = this.#inForce;
    if (!isFirst && inForce.resume()) {
      goOn();
      return;
    }
    inForce.load((loaded) => {
      const complaints = loaded.ok ? [] : loaded.error;
      for (const complaint of complaints) this.#own.say(showComplaint(complaint));
      if (!loaded.ok && isFirst && !this.#settings.isSafe) {
        this.#sys.keeper.quit(1, () => this.#own.exit(1));
        return;
      }
      const kept = inForce.begin(settledState(loaded.ok ? loaded.value : EMPTY_CONFIGURATION));
      if (!kept.ok) this.#log.warn('the configuration in force cannot be kept', { error: kept.error.code });
      goOn();
    });
  }

  #build(setsTailAside: boolean): House {
    const sys = this.#sys;
    const log = this.#log;
    const settings = this.#settings;
    const inForce = this.#inForce;
    const { pid, uid, gid, env } = this.#own;
    const empty = sys.descriptors.openNull();
    if (!empty.ok) this.#fatal(`cannot open /dev/null: ${empty.error.code}`);
    const chronicle = new Chronicle(sys, settings, log, setsTailAside);
    const streams = new StandardStreams(sys, log, chronicle, settings.logDir, empty.value);
    const supervisor = new Supervisor(sys, log, chronicle, streams, uid);
    const snapshots = new Snapshots(chronicle.journal, supervisor);
    chronicle.whenWritten = () => {
      snapshots.look();
    };
    const timings = new Timings(chronicle.journal, chronicle.allRemembered);
    supervisor.whenMoved = (before, after, atMs) => {
      timings.moved(before, after, atMs);
    };
    const baseEnv = baseEnvironment(env);
    const own = new Set([pid, this.#keeperPid]);
    const { configuration } = inForce;
    const sockets = new BoundSockets(sys, log, chronicle, configuration.portPool ?? USUAL_POOL);
    const ports = new HeldPorts(sys, sockets, log, chronicle, configuration, own);
    const rules = new Rules(RULE_WORKER);
    const binding = new OwnBinding({
      judge: rules,
      sys,
      log,
      chronicle,
      ports,
      units: configuration.units,
      settings,
      supervisor,
    });
    const usage = usageMonitor(sys, supervisor);
    const bounds = new Bounds({ sys, chronicle, supervisor, usage });
    const configured = new ConfiguredUnits(
      inForce.state,
      { sys, baseEnv, socket: settings.socket, uid, ports, binding },
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
      this.#end(house, shutdown.cause);
    };
    const begun = (): void => {
      this.#own.manager('STOPPING=1');
    };
    const shutdown = new Shutdown({
      ...{ sys, supervisor, chronicle, log, begun, over },
      graph: () => configured.graph,
    });
    const isEnding = (): boolean => shutdown.isBegun;
    const onConnect = new OnConnect({ sys, chronicle, supervisor, configured, ports, isEnding });
    const departures = new Departures(supervisor, configured);
    const comingOfAge = new ComingOfAge(supervisor, configured);
    const reload = new Reload({
      ...{ sys, log, inForce, chronicle, supervisor, streams, configured, ports, binding, onConnect },
      ...{ departures, comingOfAge, bounds, isEnding },
      headsChanged: this.#headsChanged.bind(this),
    });
    const events = new EventHub(sys.clock, sys.timers);
    chronicle.tellTo(events);
    chronicle.tellTo(rules);
    const house: House = {
      sys,
      settings,
      inForce,
      log,
      supervisor,
      streams,
      endedRuns: new EndedRuns(sys, supervisor),
      ...{ usage, bounds },
      chronicle,
      timings,
      lastStart: new LastStart(chronicle.journal, chronicle.allRemembered),
      configured,
      ports,
      binding,
      sockets,
      onConnect,
      askedPorts: new AskedPorts(sys, sockets, ports, own),
      ownPids: own,
      events,
      logs: new LogHub(sys, streams.writers),
      shutdown,
      rules,
      reload,
      baseEnv,
      version: VERSION,
      uid,
      ownPid: pid,
      gid,
      turn: turnOf(sys),
      broke: this.#faults.broke,
    };
    return house;
  }

  #answer(house: House, cause: Cause, descriptorLimit: number): void {
    const sys = this.#sys;
    const { socket } = this.#settings;
    const access = (): readonly AccessRule[] => this.#inForce.configuration.access;
    const door = new Admission(sys, descriptorLimit, house.uid, access);
    this.#admission = door;
    const bound = sys.sockets.listen(socket, socketMode(access()), (connection) => {
      this.#serve(house, door, connection);
    });
    if (!bound.ok) this.#fatal(cannotListen(sys, socket, bound.error));
    this.#listening = bound.value;
    const closed = access().length === 0 ? undefined : sys.files.closedFolder(path.dirname(socket));
    if (closed !== undefined)
      this.#log.warn('admitted users may not reach the socket', { 'not passed by all': closed });
    house.chronicle.note('ready', [['version', VERSION]], cause);
    house.chronicle.flush();
    this.#own.manager('READY=1');
    this.#own.answers();
    sys.keeper.ready(() => undefined);
    this.#log.info('ready', { socket, pid: this.#own.pid });
  }

  /** Who is admitted is so from now on; who is not any more is hung up on. */
  #headsChanged(heads: readonly Head[]): void {
    if (!heads.includes('access')) return;
    const changed = this.#listening?.setMode(socketMode(this.#inForce.configuration.access));
    if (changed?.ok === false)
      this.#log.error('who may connect could not be changed', { error: changed.error.code });
    for (const session of [...this.#sessions]) if (session.role === 'none') session.expel();
  }

  #serve(house: House, door: Admission, connection: Connection): void {
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
        this.#sessions.delete(left);
        admitted.left();
      },
      ...this.#faults,
    });
    this.#sessions.add(session);
  }

  /**
   * Everything is down: the last replies go out, what was wanted by hand is over, the keeper cleans up, and both end. That
   * this was begun stays written: one that is killed before the keeper was told is followed by one that tells it.
   */
  #end(
    { sys, supervisor, streams, chronicle, events, logs, sockets, binding, onConnect, rules, reload }: House,
    cause: Cause,
  ): void {
    this.#listening?.close();
    streams.giveUp(supervisor.records.values());
    for (const record of [...supervisor.records.values()]) supervisor.remove(record, true);
    reload.close();
    binding.close();
    onConnect.close();
    rules.close();
    sockets.close();
    chronicle.note('shut-down', [], cause);
    chronicle.flush();
    events.tell();
    logs.tellAll();
    for (const session of this.#sessions) session.close();
    this.#admission?.close();
    chronicle.close(() => {
      sys.keeper.quit(0, () => {
        this.#cancelBeat?.();
        this.#own.over(0);
        streams.close();
        sys.close();
      });
    });
  }

  #fatal(message: string): never {
    this.#own.say(message);
    return this.#own.exit(1);
  }
}
