import type { Words } from '../base/words.ts';
import { DEFAULT_STOP, restartPolicy, type RestartPolicy, type StopPolicy } from '../supervisor/unit.ts';
import type { Dependencies } from '../supervisor/graph/dependencies.ts';
import type { LogDefinition, PortDefinition, RestartOver, UnitDefinition } from './definition.ts';
import { healthOf, readinessOf } from './define-probes.ts';
import { runAs, surroundingsOf } from './define-surroundings.ts';
import { given } from './given.ts';
import type { Identities } from './identities.ts';
import type { Instance } from './instances.ts';
import type { UnitSettings } from './schema/unit.ts';

const MEBIBYTE = 2 ** 20;

/**
 * The definition of a unit by its settings, every default of the contract filled in. Where there is something
 * to complain about it is never used, but it names others and is named, which is to be judged too.
 */
export function define(instance: Instance, settings: UnitSettings, identities: Identities): UnitDefinition {
  const user = runAs(settings, identities);
  const health = healthOf(settings.health);
  return {
    label: instance.label,
    place: instance.place,
    ...(instance.number === undefined
      ? {}
      : { instance: { of: instance.declared, number: instance.number } }),
    type: settings.type ?? 'service',
    ...given('description', settings.description),
    enabled: settings.enabled ?? true,
    words: wordsOf(settings),
    surroundings: { ...surroundingsOf(settings), ...given('runAs', user) },
    dependencies: dependenciesOf(settings),
    ready: readinessOf(settings.ready),
    ...given('health', health),
    restart: restartOf(settings.restart),
    onRestart: settings['on-restart'] ?? 'stop-first',
    success: successOf(settings['success-codes'] ?? [{ code: 0 }]),
    ...given('pidFile', some(settings['pid-file'])),
    stop: stopOf(settings.stop),
    ...given('stopBy', some(settings.stop?.command)),
    ...given('undo', some(settings['stop-command'])),
    ...given('onExit', some(settings['on-exit'])),
    ports: Object.entries(settings.ports ?? {}).map(portOf),
    start: settings.start ?? 'at-once',
    log: logOf(settings.log),
    ...given('restartOver', restartOverOf(some(settings['restart-over']))),
    limits: {
      ...given('memoryMaxBytes', some(settings['memory-max'])),
      ...given('cpuMaxPercent', some(settings['cpu-max'])),
      ...given('pidsMax', some(settings['pids-max'])),
      enforcement: settings.limits ?? 'required',
    },
    ...given('watch', watchOf(some(settings.watch))),
    restartOnLibraryChange: settings['restart-on-library-change'] ?? false,
  };
}

function some<T>(value: T | 'none' | undefined): Exclude<T, 'none'> | undefined {
  return value === 'none' ? undefined : (value as Exclude<T, 'none'> | undefined);
}

function wordsOf({ command, script }: UnitSettings): Words {
  if (command !== undefined) return command;
  if (script === undefined) throw new Error('a unit has a command or a script');
  return ['/bin/sh', '-e', '-c', script];
}

function dependenciesOf(settings: UnitSettings): Dependencies {
  const labels = (found: readonly string[] | undefined): readonly string[] => [...new Set(found)];
  return {
    needs: labels(settings.needs),
    wants: labels(settings.wants),
    after: labels(settings.after),
    before: labels(settings.before),
    stopAfter: labels(settings['stop-after']),
    stopBefore: labels(settings['stop-before']),
    conflicts: labels(settings.conflicts),
  };
}

function restartOf(found: UnitSettings['restart']): RestartPolicy {
  if (found === undefined || typeof found === 'string') return restartPolicy(found ?? 'on-failure');
  const usual = restartPolicy(found.policy ?? 'on-failure');
  const limit = some(found.limit);
  return {
    policy: usual.policy,
    delayMs: found.delay ?? usual.delayMs,
    factor: found.factor ?? usual.factor,
    maxMs: found.max ?? usual.maxMs,
    jitter: found.jitter ?? usual.jitter,
    resetAfterMs: found['reset-after'] ?? usual.resetAfterMs,
    ...given('limit', limit === undefined ? undefined : { count: limit.count, withinMs: limit.within }),
  };
}

function stopOf(found: UnitSettings['stop']): StopPolicy {
  return {
    signal: found?.signal ?? DEFAULT_STOP.signal,
    timeoutMs: found?.timeout ?? DEFAULT_STOP.timeoutMs,
    scope: found?.scope ?? DEFAULT_STOP.scope,
  };
}

function successOf(found: NonNullable<UnitSettings['success-codes']>): UnitDefinition['success'] {
  const codes = found.flatMap((end) => ('code' in end ? [end.code] : []));
  const signals = found.flatMap((end) => ('signal' in end ? [end.signal] : []));
  return { codes: [...new Set(codes)], signals: [...new Set(signals)] };
}

type PortSettings = NonNullable<UnitSettings['ports']>[string];

function portOf([name, found]: readonly [string, PortSettings]): PortDefinition {
  const long = typeof found === 'object' && 'port' in found ? found : { port: found };
  const { port } = long;
  return {
    name,
    ...(typeof port === 'object' ? { port: 0, host: port.path } : { port, host: long.host ?? '127.0.0.1' }),
    protocol: long.protocol ?? 'tcp',
    backlog: long.backlog ?? 511,
    pass: long.pass ?? 'fd',
    share: long.share ?? 'one',
  };
}

function logOf(found: UnitSettings['log']): LogDefinition {
  if (typeof found === 'string') return { kind: found };
  return {
    kind: 'file',
    ...given('path', found?.file),
    stderr: found?.stderr ?? 'together',
    maxBytes: found?.max ?? 10 * MEBIBYTE,
    keep: found?.keep ?? 5,
    whenFull: found?.['when-full'] ?? 'block',
  };
}

type RestartOverSettings = Exclude<UnitSettings['restart-over'], 'none' | undefined>;

function restartOverOf(found: RestartOverSettings | undefined): RestartOver | undefined {
  if (found === undefined) return undefined;
  return {
    ...given('memoryBytes', found.memory),
    ...given('cpuPercent', found.cpu),
    forMs: found.for ?? 30_000,
  };
}

type WatchSettings = Exclude<UnitSettings['watch'], 'none' | undefined>;

function watchOf(found: WatchSettings | undefined): UnitDefinition['watch'] {
  if (found === undefined) return undefined;
  const { paths, for: settledMs = 500 } = Array.isArray(found) ? { paths: found } : found;
  return { paths, settledMs };
}
