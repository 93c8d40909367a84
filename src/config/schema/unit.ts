import * as z from 'zod/mini';
import { canonicalHost } from '../../base/address.ts';
import { err, ok } from '../../base/result.ts';
import { signalNumber } from '../../base/signals.ts';
import { ANY_TEXT, anyText, leaf, textLike } from './leaf.ts';
import { health, ready } from './probes.ts';
import {
  cpuMax,
  decimal,
  duration,
  memoryMax,
  oneOf,
  path,
  percent,
  signal,
  size,
  text,
  truth,
  umask,
  whole,
} from './scalars.ts';
import { command, keys, labels, list, named, oneOrMore, orNone } from './shapes.ts';

/** The names of setrlimit(2) without `RLIMIT_`, in lower case. */
export const RESOURCES = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const;

/** More instances than the table of processes has places for would never run. */
export const MAX_INSTANCES = 16_384;

const SETTING = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PORT_NAME = /^[a-z][a-z0-9_.-]{0,63}$/;
const RESOURCE = new RegExp(`^(?:${RESOURCES.join('|')})$`);

/** `SOFT`, or `SOFT:HARD`; `unlimited` for none. */
const rlimit = leaf(
  'a limit such as 4096, unlimited or 1024:4096',
  {
    anyOf: [
      { type: 'integer', minimum: 0 },
      textLike('(?:[0-9]+[KMGT]?|unlimited)(?::(?:[0-9]+[KMGT]?|unlimited))?'),
    ],
  },
  (found) => {
    const [soft, hard = soft, ...more] = found.split(':').map(amount);
    if (soft === undefined || hard === undefined || more.length > 0) return err(undefined);
    return numberOf(soft) > numberOf(hard)
      ? err('a limit whose first part is not above its second')
      : ok({ soft, hard });
  },
);

function amount(found: string): number | 'unlimited' | undefined {
  if (found === 'unlimited') return found;
  const parsed = size.safeParse(found);
  return parsed.success ? parsed.data : undefined;
}

function numberOf(limit: number | 'unlimited'): number {
  return limit === 'unlimited' ? Infinity : limit;
}

/** An exit code, or the name of a signal. */
const success = leaf<{ readonly code: number } | { readonly signal: number }>(
  'an exit code from 0 to 255 or the name of a signal',
  { anyOf: [{ type: 'integer', minimum: 0, maximum: 255 }, { type: 'string' }] },
  (found) => {
    if (/^[0-9]{1,3}$/.test(found))
      return Number(found) <= 255 ? ok({ code: Number(found) }) : err(undefined);
    const number = signalNumber(found);
    return number.ok ? ok({ signal: number.value }) : err(undefined);
  },
);

const restart = z.union([
  oneOf('always', 'on-failure', 'never'),
  keys('a mapping such as {policy: always, delay: 1s}', {
    policy: z.optional(oneOf('always', 'on-failure', 'never')),
    delay: z.optional(duration),
    factor: z.optional(decimal(1, 1000)),
    max: z.optional(duration),
    jitter: z.optional(decimal(0, 1)),
    'reset-after': z.optional(duration),
    limit: z.optional(
      orNone(
        keys('a mapping such as {count: 5, within: 1m}', { count: whole(0, 1_000_000), within: duration }),
      ),
    ),
  }),
]);

const stop = keys('a mapping such as {signal: SIGTERM, timeout: 10s}', {
  signal: z.optional(signal),
  timeout: z.optional(duration),
  command: z.optional(orNone(command)),
  scope: z.optional(oneOf('mixed', 'tree', 'main')),
});

/** Of a Unix socket the path; it has no number. */
const portNumber = leaf<number | 'auto' | { readonly path: string }>(
  'a port from 1 to 65535, auto, or the path of a Unix socket of at most 107 bytes',
  { anyOf: [{ type: 'integer', minimum: 1, maximum: 65_535 }, textLike('[0-9]{1,5}|auto|/.+')] },
  (found) => {
    if (found === 'auto') return ok(found);
    if (found.startsWith('/')) {
      const host = canonicalHost(found);
      return host === undefined ? err(undefined) : ok({ path: host });
    }
    const number = /^[0-9]{1,5}$/.test(found) ? Number(found) : 0;
    return number >= 1 && number <= 65_535 ? ok(number) : err(undefined);
  },
);

const host = leaf('an address of IPv4 or IPv6, localhost, or * for all of them', ANY_TEXT, (found) => {
  const address = found.startsWith('/') ? undefined : canonicalHost(found);
  return address === undefined ? err(undefined) : ok(address);
});

const port = z.union([
  portNumber,
  keys('a mapping such as {port: 8080, host: 127.0.0.1}', {
    port: portNumber,
    host: z.optional(host),
    protocol: z.optional(oneOf('tcp', 'udp')),
    backlog: z.optional(whole(1, 2 ** 31 - 1)),
    pass: z.optional(oneOf('fd', 'bind')),
    share: z.optional(oneOf('one', 'reuseport')),
  }),
]);

const log = z.union([
  oneOf('off', 'inherit'),
  keys('a mapping such as {max: 10M, keep: 5}', {
    file: z.optional(path),
    stderr: z.optional(oneOf('together', 'separate')),
    max: z.optional(size),
    keep: z.optional(whole(0, 100_000)),
    'when-full': z.optional(oneOf('block', 'drop')),
  }),
]);

const restartOver = keys('a mapping such as {memory: 500M, cpu: 90%, for: 30s}', {
  memory: z.optional(size),
  cpu: z.optional(percent),
  for: z.optional(duration),
});

const watch = z.union([
  oneOrMore('paths', path),
  keys('a mapping such as {paths: [site.conf], for: 500ms}', {
    paths: oneOrMore('paths', path),
    for: z.optional(duration),
  }),
]);

/** The keys of a unit, in the order of the contract's table. All are optional here: what must stand there is found when it is put together. */
export const unit = keys('a mapping of the keys of a unit', {
  command: z.optional(command),
  script: z.optional(text('the text of a script')),
  type: z.optional(oneOf('service', 'oneshot')),
  description: z.optional(anyText('a text')),
  enabled: z.optional(truth),
  env: z.optional(named('names of settings ([A-Za-z_][A-Za-z0-9_]*)', SETTING, anyText('a text'))),
  'env-file': z.optional(oneOrMore('paths', path)),
  'clean-env': z.optional(truth),
  cwd: z.optional(path),
  user: z.optional(text('a user, by name or number')),
  group: z.optional(text('a group, by name or number')),
  groups: z.optional(oneOrMore('groups', text('a group, by name or number'))),
  umask: z.optional(umask),
  nice: z.optional(whole(-20, 19)),
  'oom-score-adjust': z.optional(whole(-1000, 1000)),
  'no-new-privileges': z.optional(truth),
  rlimits: z.optional(named(`resources (${RESOURCES.join(', ')})`, RESOURCE, rlimit)),
  tty: z.optional(path),
  needs: z.optional(labels),
  wants: z.optional(labels),
  after: z.optional(labels),
  before: z.optional(labels),
  'stop-after': z.optional(labels),
  'stop-before': z.optional(labels),
  conflicts: z.optional(labels),
  ready: z.optional(ready),
  health: z.optional(health),
  restart: z.optional(restart),
  'on-restart': z.optional(oneOf('stop-first', 'replace')),
  'success-codes': z.optional(list('exit codes and signals', success)),
  'pid-file': z.optional(orNone(path)),
  stop: z.optional(stop),
  'stop-command': z.optional(orNone(command)),
  ports: z.optional(named('names of ports ([a-z][a-z0-9_.-]*)', PORT_NAME, port)),
  start: z.optional(oneOf('at-once', 'on-connect')),
  instances: z.optional(whole(1, MAX_INSTANCES)),
  log: z.optional(log),
  'restart-over': z.optional(orNone(restartOver)),
  'memory-max': z.optional(orNone(memoryMax)),
  'cpu-max': z.optional(orNone(cpuMax)),
  'pids-max': z.optional(orNone(whole(1, 2 ** 22))),
  limits: z.optional(oneOf('required', 'best-effort')),
  watch: z.optional(orNone(watch)),
  'restart-on-library-change': z.optional(truth),
  'on-exit': z.optional(orNone(command)),
});

/** A unit as the schema has read it: the keys that stand there, their values typed. */
export type UnitSettings = z.output<typeof unit>;
