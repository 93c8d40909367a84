import { ALL_TAGS } from './lines.ts';
import type { Expected } from './oracle.ts';

/** Programs that the supervisor under test can find; each is over at once or sleeps. */
export const PROGRAMS = ['true', 'false', 'echo', 'sleep'] as const;

/**
 * Above what the kernel gives out: no process has such a number. A number that a process had may be
 * another's by now, and what is watched is signalled: so no number of a process is ever sent.
 */
const NO_PID = 4_194_304;

const QUICK = /^(?:true|false|echo(?: [\w.=-]*)*|sleep 0\.0\d|nosuch\w*)$/;
const LASTING = /^sleep 1000$/;
const STOPPING = new Set(['19', '20', '21', '22']);
const STOPPING_NAMES = /^(?:SIG)?(?:STOP|TSTP|TTIN|TTOU)$/i;

/**
 * Whether a line may be sent: it starts nothing but a few programs, signals nothing but units, does not end
 * the supervisor, and comes to an end by itself or, if it has one of the tags, when that is cancelled.
 */
export function isHarmless({ tag, code, fields }: Expected): boolean {
  if (fields === undefined || code !== undefined) return true;
  const [verb = '', ...rest] = fields;
  const [first = ''] = rest;
  /* Of a conversation's tags only those are cancelled at its end. */
  const isTagged = tag !== undefined && ALL_TAGS.includes(tag);
  const optionOf = (name: string): string | undefined =>
    rest.find((field) => field.startsWith(`@${name}=`))?.slice(name.length + 2);
  switch (verb) {
    case 'shutdown':
    case 'reboot':
    case 'poweroff':
    case 'halt':
    case 'upgrade':
    case 'reload':
      return false;
    case 'port':
      /* Node's sockets lose what follows a reply with a descriptor when the other side has hung up by then (libuv takes a short read and a hang-up for the end). */
      return false;
    case 'monitorpid':
      return rest.every((field) => !/\d/.test(field) || field.startsWith('@') || Number(field) > NO_PID);
    case 'run':
      return isHarmlessCommand(rest) && (QUICK.test(first) || (isTagged && LASTING.test(first)));
    case 'startdaemon':
      return isHarmlessCommand(rest) && (QUICK.test(first) || LASTING.test(first));
    case 'signal':
      return !rest.some((field) => STOPPING.has(field) || STOPPING_NAMES.test(field));
    case 'wait':
      return isTagged || /^\d?\dms$/.test(optionOf('timeout') ?? '');
    case 'subscribe':
      return isTagged;
    case 'events':
      return /^1?\d$/.test(optionOf('last') ?? '');
    case 'log':
      return /^1?\d$/.test(optionOf('lines') ?? '') && (isTagged || optionOf('follow') === undefined);
    default:
      return true;
  }
}

/** Nothing that finds other programs, or that runs a command of its own. */
function isHarmlessCommand(fields: readonly string[]): boolean {
  return !fields.some((field) => /^(?:PATH|LD_\w*)=|^@on-exit/.test(field));
}
