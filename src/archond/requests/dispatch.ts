import { failure } from '../../base/failure.ts';
import type { Request, RequestOf } from '../../protocol/request.ts';
import type { Verb } from '../../protocol/verbs.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { boot } from './boot.ts';
import { cancel } from './cancel.ts';
import { dump } from './dump.ts';
import { disable, enable } from './enable.ts';
import { events } from './events.ts';
import { forget } from './forget.ts';
import { history } from './history.ts';
import { list } from './list.ts';
import { log } from './log.ts';
import { monitorDescriptor, monitorPid } from './monitor.ts';
import { plan } from './plan.ts';
import { port, releasePort } from './port.ts';
import { ports } from './ports.ts';
import { confirm, reload } from './reload.ts';
import { restart } from './orders/restart.ts';
import { start } from './orders/start.ts';
import { stop, stopDaemon } from './orders/stop.ts';
import { reloadRules, rules } from './rules.ts';
import { run } from './run.ts';
import { signal } from './signal.ts';
import { startDaemon } from './start-daemon.ts';
import { status } from './status.ts';
import { subscribe } from './subscribe.ts';
import { tree } from './tree.ts';
import { usage } from './usage.ts';
import { wait } from './wait.ts';
import { why } from './why.ts';

type Handler<V extends Verb> = (house: House, request: RequestOf<V>, call: Call) => void;

/** Who carries out what; `undefined` for requests of the protocol that this version does not have yet. */
const HANDLERS: { readonly [V in Verb]: Handler<V> | undefined } = {
  Version: (house, _request, call) => {
    call.ok('archon', house.version, String(PROTOCOL_VERSION));
  },
  Run: run,
  StartDaemon: startDaemon,
  MonitorFD: monitorDescriptor,
  MonitorPid: monitorPid,
  Start: start,
  Stop: stop,
  StopDaemon: stopDaemon,
  Restart: restart,
  Wait: wait,
  Signal: signal,
  Forget: forget,
  List: list,
  Status: status,
  Usage: usage,
  History: history,
  Tree: tree,
  Log: log,
  Events: events,
  Subscribe: subscribe,
  Cancel: cancel,
  Dump: dump,
  Shutdown: (house, request, call) => {
    house.shutdown.begin(request.options.timeout, call);
  },
  Enable: enable,
  Disable: disable,
  Plan: plan,
  Boot: boot,
  Reload: reload,
  Confirm: confirm,
  Port: port,
  Ports: ports,
  ReleasePort: releasePort,
  Link: undefined,
  Unlink: undefined,
  Links: undefined,
  Why: why,
  Rules: rules,
  ReloadRules: reloadRules,
  Upgrade: undefined,
  Reboot: undefined,
  PowerOff: undefined,
  Halt: undefined,
};

/** Carries out a request, or says that it cannot be had. */
export function carryOut(house: House, request: Request, call: Call): void {
  /* The record's keys are the requests' verbs: each handler gets the request of its own verb. */
  const handler = HANDLERS[request.verb] as Handler<Verb> | undefined;
  if (handler === undefined)
    call.fail(failure('unsupported', `${request.verb} cannot be had in this version`));
  else handler(house, request, call);
}
