import type { Health, Probe, Readiness } from './probe.ts';
import { READY_PROBES } from './schema/probes.ts';
import type { UnitSettings } from './schema/unit.ts';

/** Defaults of `ready` (contract). */
const READY = { everyMs: 1000, timeoutMs: 60_000 };
/** Defaults of `health`: often enough to be of use, seldom enough to cost nothing. */
const HEALTH = { everyMs: 10_000, timeoutMs: 5000, failures: 3, watchdogMs: 30_000 };

type ReadySettings = Exclude<UnitSettings['ready'], string | undefined>;
type HealthSettings = Exclude<UnitSettings['health'], string | undefined>;

/** The keys in a long form of `ready` or `health` that say what the probe is. There is to be exactly one. */
export function probesIn(settings: ReadySettings | HealthSettings): readonly (typeof READY_PROBES)[number][] {
  return READY_PROBES.filter((name) => {
    const value = name in settings ? settings[name as keyof typeof settings] : undefined;
    return value !== undefined && (value as unknown) !== false;
  });
}

/** `ready` with its defaults. */
export function readinessOf(found: UnitSettings['ready']): Readiness {
  if (found === undefined || found === 'exec') return { kind: 'exec' };
  if (found === 'notify') return { kind: 'notify', ...READY };
  const probe = probeOf(found);
  if (probe.kind === 'exec') return probe;
  return { ...probe, everyMs: found.every ?? READY.everyMs, timeoutMs: found.timeout ?? READY.timeoutMs };
}

/** `health` with its defaults; undefined for none. */
export function healthOf(found: UnitSettings['health']): Health | undefined {
  if (found === undefined || found === 'none') return undefined;
  if (found === 'notify') return { kind: 'notify', watchdogMs: HEALTH.watchdogMs };
  const probe = probeOf(found);
  const { every = HEALTH.everyMs, timeout = HEALTH.timeoutMs, failures = HEALTH.failures } = found;
  switch (probe.kind) {
    case 'notify':
      return { kind: 'notify', watchdogMs: found.watchdog ?? HEALTH.watchdogMs };
    case 'command':
    case 'tcp':
    case 'http':
    case 'file':
      return { ...probe, everyMs: every, timeoutMs: timeout, failures };
    case 'exec':
    case 'fd':
    case 'log':
      /* No probe at all, which is complained about: the schema has none of these keys here. */
      return undefined;
  }
}

function probeOf(found: ReadySettings | HealthSettings): Probe | { readonly kind: 'exec' } {
  if (found.command !== undefined) return { kind: 'command', words: found.command };
  if (found.tcp !== undefined) return { kind: 'tcp', ...found.tcp };
  if (found.http !== undefined) return { kind: 'http', url: found.http };
  if (found.file !== undefined) return { kind: 'file', path: found.file };
  if ('fd' in found && found.fd !== undefined) return { kind: 'fd', fd: found.fd };
  if ('log' in found && found.log !== undefined) return { kind: 'log', pattern: found.log };
  return found.notify === true ? { kind: 'notify' } : { kind: 'exec' };
}
