import { formatSize } from '../../base/size.ts';
import { signalNumber } from '../../base/signals.ts';
import type { EventRecord } from '../../base/event-record.ts';

type Values = ReadonlyMap<string, string>;

/** What an event says, as what is said of its unit: `was killed by SIGKILL (signal 9)`. Of the supervisor's own a whole sentence. */
export function phraseOf({ kind, label, details }: EventRecord): string {
  const values = new Map(details);
  const phrase = (PHRASES[kind] ?? plain)(values, kind);
  return label === '' && kind !== 'supervisor' ? `archond: ${phrase}` : phrase;
}

/** Who asked for it, as an event says: `Stop by process 4711 of user 0`; undefined where it names none. */
export function askedBy({ details }: EventRecord): string | undefined {
  const values = new Map(details);
  const [uid, pid] = (values.get('by') ?? '').split(':');
  const verb = values.get('request');
  return verb === undefined || pid === undefined ? undefined : `${verb} by process ${pid} of user ${uid}`;
}

/** How each kind of event is said; what is not here is said by its own words. */
const PHRASES: Readonly<Record<string, (values: Values, kind: string) => string>> = {
  waiting: () => 'had to wait for what it needs',
  starting: (values) => `${startedHow(values)}${processIn(values)}`,
  running: (values) =>
    values.has('replaces') ? `took the place of the process before${processIn(values)}` : 'was ready',
  stopping: stoppingWhy,
  stopped: () => 'was down',
  exited: endOf,
  backoff: (values) => `was to be started again after ${values.get('delay') ?? 'some time'}`,
  failed: failedWhy,
  limit: overWhat,
  finished: (values) =>
    values.get('code') === '0' ? 'ended well' : `${endOf(values)}, which is as it should be`,
  adopted: (values) => `was found running by a new archond${processIn(values)}`,
  lost: (values) => `lost its ${values.get('what') ?? 'output'}`,
  port: (values) =>
    values.get('what') === 'connection'
      ? `was connected to at its port ${values.get('name') ?? ''}`
      : plain(values, 'port'),
  supervisor: ofSupervisor,
};

/** These say by whom or by what, which stands elsewhere. */
const ASIDE: ReadonlySet<string> = new Set(['cause', 'by', 'request']);

function plain(values: Values, kind: string): string {
  const said = [...values].filter(([name]) => !ASIDE.has(name)).map(([name, value]) => `${name}=${value}`);
  return [kind, ...said].join(' ');
}

/** A bound that a tree was over: by the kernel's word, or for too long. */
function overWhat(values: Values): string {
  const what = values.get('what');
  const bound = Number(values.get('bound'));
  const killed = values.get('killed');
  if (killed !== undefined) {
    const whose = killed === '1' ? 'one of its processes' : `${killed} of its processes`;
    return values.has('bound')
      ? `reached its limit of ${formatSize(bound)} of memory, and the kernel killed ${whose}`
      : `lost ${whose} to the kernel, which had no memory left`;
  }
  const time = values.get('for') ?? '';
  const value = Number(values.get('value'));
  if (what === 'memory')
    return `used ${formatSize(value)} of memory, and more than ${formatSize(bound)} for ${time}`;
  if (what === 'cpu') return `used ${value}% of a processor, and more than ${bound}% for ${time}`;
  return plain(values, 'limit');
}

function startedHow(values: Values): string {
  const restarts = values.get('restarts');
  if (values.has('replaces')) return 'was started beside the process before';
  return restarts === undefined ? 'was started' : `was started again (restart ${restarts})`;
}

function processIn(values: Values): string {
  const pid = values.get('pid');
  return pid === undefined ? '' : `, process ${pid}`;
}

/** Why a unit was told to end, by the word of `reason=`. */
const STOPPING: Readonly<Record<string, string>> = {
  requested: 'was told to stop',
  restart: 'was told to restart',
  'timed-out': 'had used up its time, and was told to stop',
  'client-gone': 'was told to stop, since its client had gone',
  shutdown: 'was told to stop with the supervisor',
  dependency: 'was taken down with what it needs',
  conflict: 'was taken down for what cannot be beside it',
  'not-ready': 'was not ready in time',
  unhealthy: 'failed its health checks',
  'over-limit': 'had used more than it may, and was told to restart',
  replaced: 'was told to stop, since another process had taken its place',
  withdrawn: 'was told to stop, since its unit went down',
};

function stoppingWhy(values: Values): string {
  const need = values.get('need');
  const rival = values.get('rival');
  if (need !== undefined) return `was taken down with ${need}, which it needs`;
  if (rival !== undefined) return `was taken down for ${rival}, which cannot be beside it`;
  const reason = values.get('reason') ?? '';
  return STOPPING[reason] ?? `was told to stop (${reason})`;
}

function endOf(values: Values): string {
  const code = values.get('code');
  const signal = values.get('signal');
  const stage = values.get('stage');
  if (code !== undefined) return `ended with code ${code}`;
  if (signal !== undefined) return killedBy(signal, values.has('core'));
  if (stage !== undefined) return `could not be run: ${values.get('errno') ?? 'failed'} at ${stage}`;
  return 'ended, and how cannot be known';
}

/** A name says little to some, a number to others. */
function killedBy(signal: string, hasCore: boolean): string {
  const number = signalNumber(signal);
  const name =
    number.ok && signal !== String(number.value) ? `${signal} (signal ${number.value})` : `signal ${signal}`;
  return `was killed by ${name}${hasCore ? ', and left a core file' : ''}`;
}

function failedWhy(values: Values): string {
  const reason = values.get('reason') ?? '';
  switch (reason) {
    case 'dependency':
      return `failed for ${values.get('need') ?? 'something'}, which it needs`;
    case 'restart-limit':
      return 'was restarted too often, and given up';
    case 'not-ready':
      return 'was not ready in time, and given up';
    case 'unhealthy':
      return 'failed its health checks, and was given up';
    case 'over-limit':
      return 'had used more than it may, and was given up';
    case 'cannot-spawn':
    case 'cannot-execute':
      return 'could not be run, and was given up';
    default:
      return 'had failed, and was not to be started again';
  }
}

function ofSupervisor(values: Values): string {
  const what = values.get('what') ?? '';
  switch (what) {
    case 'started':
      return values.get('epoch') === '1'
        ? 'the supervisor was started'
        : `archond was started again, since the one before ${beforeIn(values)}`;
    case 'ready':
      return 'the supervisor was ready';
    case 'shutting-down':
      if (values.has('resumed')) return 'a new archond went on with the shutdown';
      return values.has('signal')
        ? `the supervisor was told to shut down by ${values.get('signal') ?? ''}`
        : 'the supervisor was told to shut down';
    case 'shut-down':
      return 'the supervisor had shut down';
    default:
      return plain(values, 'the supervisor:');
  }
}

function beforeIn(values: Values): string {
  return values.has('silent') ? 'hung' : endOf(values);
}
