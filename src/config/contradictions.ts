import { portSetting } from '../base/port-setting.ts';
import { listing } from '../base/show.ts';
import type { Complaint, ComplaintKind } from './complaint.ts';
import { probesIn } from './define-probes.ts';
import type { Instance } from './instances.ts';
import { HEALTH_PROBES, READY_PROBES } from './schema/probes.ts';
import type { UnitSettings } from './schema/unit.ts';
import { partAt, placeOf, showPath, type TreePath } from './tree.ts';

/** One argument of execve(2), MAX_ARG_STRLEN with its NUL. */
const MAX_SCRIPT_BYTES = 131_071;

/** Descriptors of one process, some of which are its standard streams and its readiness (BLOCK_MAX_FDS of the keeper). */
const MOST_PORTS = 48;
/** SD_LISTEN_FDS_START. */
const FIRST_PASSED = 3;

type Report = (path: TreePath, message: string, kind?: ComplaintKind) => void;

/** What no single key shows: keys that are missing, or cannot stand together. */
export function contradictions(instance: Instance, settings: UnitSettings): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const report: Report = (path, message, kind = 'contradiction') => {
    /* A key that is missing is missed where the unit begins. */
    const isThere = partAt(instance.tree, path) !== undefined;
    const place = isThere ? placeOf(instance.tree, path) : instance.place;
    complaints.push({ kind, place, key: showPath(['units', instance.declared, ...path]), message });
  };
  program(settings, report);
  probes(settings, report);
  ending(settings, report);
  sockets(settings, report);
  if (settings['restart-over'] !== undefined && settings['restart-over'] !== 'none') {
    const { memory, cpu } = settings['restart-over'];
    if (memory === undefined && cpu === undefined)
      report(['restart-over'], 'memory or cpu must be given', 'missing-key');
  }
  return complaints;
}

function program({ command, script, needs, wants, conflicts }: UnitSettings, report: Report): void {
  if (command === undefined && script === undefined)
    report(['command'], 'this key is missing: a unit has a command or a script', 'missing-key');
  if (command !== undefined && script !== undefined)
    report(['script'], 'a unit has a command or a script, not both');
  if (script !== undefined && new TextEncoder().encode(script).length > MAX_SCRIPT_BYTES)
    report(['script'], `a script is at most ${MAX_SCRIPT_BYTES} bytes long; put it into a file`, 'limit');
  const wanted = new Set([...(needs ?? []), ...(wants ?? [])]);
  const both = (conflicts ?? []).filter((label) => wanted.has(label));
  for (const label of both) report(['conflicts'], `${label} is started with this unit and stopped by it`);
}

function probes({ ready, health }: UnitSettings, report: Report): void {
  if (typeof ready === 'object') oneProbe('ready', probesIn(ready).length, READY_PROBES, report);
  if (typeof health !== 'object') return;
  oneProbe('health', probesIn(health).length, HEALTH_PROBES, report);
  if (health.watchdog !== undefined && health.notify !== true)
    report(['health', 'watchdog'], 'watchdog goes with notify: true');
}

function oneProbe(key: string, count: number, names: readonly string[], report: Report): void {
  if (count === 0) report([key], `one of ${listing(names)} must be given`, 'missing-key');
  if (count > 1) report([key], `only one of ${listing(names)} can be given`);
}

function ending(settings: UnitSettings, report: Report): void {
  const isOneshot = settings.type === 'oneshot';
  const undo = settings['stop-command'];
  if (!isOneshot && undo !== undefined && undo !== 'none')
    report(['stop-command'], 'stop-command goes with type: oneshot; a service has stop: {command: …}');
  const { ready } = settings;
  const isExec =
    ready === undefined || ready === 'exec' || (typeof ready === 'object' && probesIn(ready)[0] === 'exec');
  if (settings['on-restart'] === 'replace' && isExec)
    report(['on-restart'], 'replace needs a ready other than exec, which says nothing of the new one');
}

function sockets({ start, ports = {}, ready }: UnitSettings, report: Report): void {
  const all = Object.entries(ports);
  if (start === 'on-connect' && all.length === 0)
    report(['start'], 'on-connect needs ports, whose first connection starts it');
  if (all.length > MOST_PORTS) report(['ports'], `a unit has at most ${MOST_PORTS} ports`, 'limit');
  const settings = new Map<string, string>();
  for (const [name, port] of all) {
    const setting = portSetting(name);
    const other = settings.get(setting);
    if (other !== undefined) report(['ports', name], `${other} and ${name} would both be told as ${setting}`);
    settings.set(setting, name);
    if (
      typeof port === 'object' &&
      'share' in port &&
      port.share === 'reuseport' &&
      typeof port.port === 'object'
    )
      report(['ports', name, 'share'], 'a Unix socket cannot be shared by several sockets');
    if (typeof port === 'object' && 'pass' in port && port.pass === 'bind' && typeof port.port === 'object')
      report(
        ['ports', name, 'pass'],
        'a server replaces the file of a Unix socket before it binds it; pass: fd can be had',
      );
  }
  const passed = all.filter(
    ([, port]) => !(typeof port === 'object' && 'pass' in port && port.pass === 'bind'),
  );
  const fd = typeof ready === 'object' ? ready.fd : undefined;
  if (fd !== undefined && passed.length > 0 && fd < FIRST_PASSED + passed.length)
    report(['ready', 'fd'], `the ports are passed as the descriptors from ${FIRST_PASSED} on`);
}
