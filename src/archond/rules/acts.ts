import { failure, type Failure } from '../../base/failure.ts';
import type { Action, Origin } from '../../rules/ask.ts';
import type { CommandEnd } from '../../rules/host.ts';
import { parseRequest } from '../../protocol/read-request.ts';
import type { Fields } from '../../protocol/record.ts';
import { startsSomething } from '../../protocol/request.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Cause } from '../../supervisor/cause.ts';
import { Call, type Client } from '../call.ts';
import type { House } from '../house.ts';
import { carryOut } from '../requests/dispatch.ts';

/** What came of an action, where that is known only later. */
export interface Told {
  /** It was refused, or failed. */
  refused(why: Failure): void;
  /** The end of a command that is waited for. */
  ended(waiter: number, end: CommandEnd): void;
}

/** Why what a rule asked for happens: the event that made it fire, and the rule. */
export function causeOf({ file, rule, sequence, depth }: Origin): Cause {
  return {
    event: sequence,
    request: { rule: rule === '' ? file : `${file}: ${rule}`, depth: depth + 1 },
  };
}

/** Carries out what a rule asks for, as a request of the supervisor's own user would be. */
export function act(house: House, origin: Origin, action: Action, told: Told): void {
  const { chronicle, log } = house;
  const cause = causeOf(origin);
  switch (action.kind) {
    case 'log':
      log[action.level](action.text, { file: origin.file, rule: origin.rule });
      return;
    case 'note':
      chronicle.append(origin.label, 'note', [['text', action.text]], cause);
      return;
    case 'publish':
      chronicle.append(action.label, action.event, action.details, cause);
      return;
    case 'port':
      told.refused(failure('not-found', `nobody waits for the port ${action.name}`));
      return;
    case 'run':
      request(house, fieldsOf(action), cause, (reply) => {
        if (action.waiter !== undefined) told.ended(action.waiter, endOf(reply));
        else if (reply.kind === 'error') told.refused(reply.failure);
      });
      return;
    case 'start':
    case 'stop':
    case 'restart':
    case 'signal':
    case 'start-daemon':
    case 'monitor':
      request(house, fieldsOf(action), cause, (reply) => {
        if (reply.kind === 'error') told.refused(reply.failure);
      });
  }
}

type Requested = Exclude<Action, { readonly kind: 'log' | 'note' | 'publish' | 'port' }>;

const VERBS = { start: 'Start', stop: 'Stop', restart: 'Restart' } as const;

function fieldsOf(action: Requested): Fields {
  switch (action.kind) {
    case 'start':
    case 'stop':
    case 'restart':
      return [VERBS[action.kind], ...action.targets];
    case 'signal':
      return ['Signal', action.signal, ...action.targets];
    case 'monitor':
      return ['MonitorPid', String(action.pid)];
    case 'run':
    case 'start-daemon': {
      const verb = action.kind === 'run' ? 'Run' : 'StartDaemon';
      const label = action.label === undefined ? [] : [`@label=${action.label}`];
      return [verb, action.command, ...action.env.map(([name, value]) => `${name}=${value}`), ...label];
    }
  }
}

function endOf(reply: Reply): CommandEnd {
  if (reply.kind === 'exit-status') return { code: reply.code };
  return { code: -1, error: reply.kind === 'error' ? reply.failure.message : 'it did not end' };
}

/** Puts a request to the house; `done` gets the reply that closes it. */
export function request(house: House, fields: Fields, cause: Cause, done: (reply: Reply) => void): void {
  const parsed = parseRequest(fields, 0);
  if (!parsed.ok) {
    done({ kind: 'error', failure: parsed.error.failure });
    return;
  }
  const wanted = parsed.value;
  if (startsSomething(wanted) && house.shutdown.isBegun) {
    done({ kind: 'error', failure: failure('shutting-down') });
    return;
  }
  const call = new Call(
    ownClient(house),
    wanted,
    [],
    (reply, stage) => {
      if (stage === 'last') done(reply);
    },
    cause,
  );
  house.supervisor.whenIdle(() => {
    try {
      carryOut(house, wanted, call);
    } catch (error) {
      house.broke(error, call);
    }
  });
}

/** The supervisor itself, as who asks for something: it never goes away, and reads whatever it is sent. */
function ownClient({ uid, gid, ownPid }: House): Client {
  return {
    peer: { pid: ownPid, uid, gid, groups: [] },
    role: 'owner',
    isGone: false,
    hasTakenAll: true,
    callOf: () => undefined,
    untilWritable: async () => Promise.resolve(),
    queuedBytes: () => 0,
    whenDrained: () => () => undefined,
    write: () => undefined,
  };
}
