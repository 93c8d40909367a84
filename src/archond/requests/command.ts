import { failure, type Failure } from '../../base/failure.ts';
import { labelOfCommand } from '../../base/label.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Words } from '../../base/words.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Descriptor } from '../../sys/sys.ts';
import { DEFAULT_STOP, unitSpec, type UnitSpec } from '../../supervisor/unit.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { Launch } from '../launch.ts';
import type { UnitRecord } from '../unit-record.ts';
import { chooseLabel } from './choose-label.ts';
import { findRunAs } from './run-as.ts';

/** What `Run` and `StartDaemon` have in common. */
export type CommandRequest = RequestOf<'Run'> | RequestOf<'StartDaemon'>;

/** What only one of the two knows. */
export type OwnPart = Pick<UnitSpec, 'origin' | 'restart' | 'timeoutMs'> & {
  readonly keep: boolean;
  readonly onExit?: Words | undefined;
};

type Stdio = [Descriptor | undefined, Descriptor | undefined, Descriptor | undefined];
type RunAs = NonNullable<Launch['user']>;

/**
 * Makes the unit of a command and calls back with it, still down: or with why it cannot be. The
 * descriptors are the unit's from then on, or closed.
 */
export function makeCommandUnit(
  house: House,
  request: CommandRequest,
  call: Call,
  own: OwnPart,
  done: (made: Result<UnitRecord, Failure>) => void,
): void {
  const { client } = call;
  const descriptors = call.takeDescriptors();
  const giveUp = (fault: Failure): void => {
    for (const descriptor of descriptors) house.sys.descriptors.close(descriptor);
    done(err(fault));
  };
  findRunAs(house, client, request.options, (user) => {
    if (!user.ok) {
      giveUp(user.error);
      return;
    }
    /* Looking up a user takes its time. */
    if (house.shutdown.isBegun) {
      giveUp(failure('shutting-down'));
      return;
    }
    const { label: wish } = request.options;
    const label = chooseLabel(house, client, wish, own.origin, (isTaken) =>
      labelOfCommand(request.args.command[0], isTaken),
    );
    if (!label.ok) {
      giveUp(label.error);
      return;
    }
    const stdio = standardDescriptors(house, request.options.stdin, descriptors);
    if (!stdio.ok) {
      giveUp(stdio.error);
      return;
    }
    const previous = house.supervisor.records.get(label.value);
    if (previous !== undefined) house.supervisor.remove(previous);
    const record = house.supervisor.add({
      spec: specOf(label.value, request, own),
      launch: launchOf(house, request, label.value, user.value),
      stdio: stdio.value,
      keep: own.keep,
      onExit: own.onExit,
    });
    house.chronicle.added(record);
    done(ok(record));
  });
}

function specOf(label: string, request: CommandRequest, own: OwnPart): UnitSpec {
  const { options } = request;
  return unitSpec({
    label,
    origin: own.origin,
    restart: own.restart,
    stop: {
      signal: options['stop-signal'] ?? DEFAULT_STOP.signal,
      timeoutMs: options['stop-timeout'] ?? DEFAULT_STOP.timeoutMs,
      scope: DEFAULT_STOP.scope,
    },
    ...(own.timeoutMs === undefined ? {} : { timeoutMs: own.timeoutMs }),
  });
}

function launchOf(house: House, request: CommandRequest, label: string, user: RunAs | undefined): Launch {
  const { options } = request;
  const env = new Map(options['clean-env'] === true ? [] : house.baseEnv);
  env.set('ARCHON_LABEL', label).set('ARCHON_SOCKET', house.settings.socket);
  for (const [name, value] of request.settings) env.set(name, value);
  return {
    words: request.args.command,
    env,
    cwd: options.cwd ?? '/',
    ...(options.umask === undefined ? {} : { umask: options.umask }),
    ...(user === undefined ? {} : { user }),
  };
}

function standardDescriptors(
  house: House,
  text: string | undefined,
  descriptors: readonly Descriptor[],
): Result<Stdio, Failure> {
  const stdio: Stdio = [descriptors[0], descriptors[1], descriptors[2]];
  if (text === undefined) return ok(stdio);
  const holding = house.sys.descriptors.holding(bytesOf(text));
  if (!holding.ok)
    return err(
      failure('failed', `cannot hold the text of @stdin: ${holding.error.code} (${holding.error.call})`),
    );
  stdio[0] = holding.value;
  return ok(stdio);
}
