import { describeErrno } from '../../base/errno.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { labelOfProcess } from '../../base/label.ts';
import type { Result } from '../../base/result.ts';
import type { LabelWish } from '../../protocol/kinds.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Descriptor } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { chooseLabel } from './choose-label.ts';
import type { Who } from './rights.ts';
import { processDetails } from '../told-details.ts';
import { watch } from '../watches.ts';

/** `MonitorFD`: watches the process behind the descriptor; the descriptor is the watch's from then on. */
export function monitorDescriptor(house: House, request: RequestOf<'MonitorFD'>, call: Call): void {
  const [pidfd] = call.takeDescriptors();
  if (pidfd === undefined) call.fail(failure('bad-argument', 'MonitorFD takes exactly 1 descriptor'));
  else monitor(house, pidfd, request.options.label, call);
}

/** `MonitorPid`: the same for a pid of this host. */
export function monitorPid(house: House, request: RequestOf<'MonitorPid'>, call: Call): void {
  const { pid } = request.args;
  const opened = house.sys.pidfds.open(pid);
  if (opened.ok) {
    monitor(house, opened.value, request.options.label, call);
    return;
  }
  const { code } = opened.error;
  /* pidfd_open(2): of a thread that is not the first of its process. */
  const isThread = code === 'ENOENT' || code === 'EINVAL';
  if (code === 'ESRCH') call.fail(failure('not-found', `there is no process ${pid}`));
  else if (isThread) call.fail(failure('bad-argument', `${pid} is a thread, not a process`));
  else call.fail(failure('failed', `cannot watch the process ${pid}: ${describeErrno(code)}`));
}

function monitor(house: House, pidfd: Descriptor, wish: LabelWish | undefined, call: Call): void {
  const pid = house.sys.pidfds.pidOf(pidfd);
  const label = pid.ok ? labelFor(house, call.client, wish, pid.value) : undefined;
  if (!pid.ok || label?.ok !== true) {
    house.sys.descriptors.close(pidfd);
    call.fail(label?.ok === false ? label.error : notAProcess(pid.ok ? 'EBADF' : pid.error.code));
    return;
  }
  const previous = house.supervisor.records.get(label.value);
  if (previous !== undefined) house.supervisor.remove(previous);
  const { sys, supervisor, chronicle } = house;
  const livePid = pid.value < 0 ? undefined : pid.value;
  /* Answered when it is certain; so nobody can make more watches than the keeper takes. */
  const record = watch(sys, supervisor, label.value, pidfd, livePid, (stored) => {
    if (!stored.ok) {
      supervisor.remove(record);
      call.fail(failure('failed', `the keeper cannot hold the process: ${describeErrno(stored.error.code)}`));
    } else if (wish === undefined) {
      call.ok();
    } else {
      call.ok(label.value, livePid === undefined ? '' : String(livePid));
    }
  });
  const details = processDetails(livePid, record.unit.generation);
  chronicle.append(record.label, 'running', details, call.cause, record.sinceNs);
  chronicle.flush();
}

function notAProcess(code: string): Failure {
  if (code !== 'EBADF' && code !== 'EINVAL')
    return failure('failed', `what the descriptor is cannot be found out: ${describeErrno(code)}`);
  const why = code === 'EINVAL' ? 'it is that of a thread' : 'it is none';
  return failure('bad-argument', `MonitorFD takes the descriptor of a process (a pidfd); ${why}`);
}

function labelFor(house: House, who: Who, wish: LabelWish | undefined, pid: number): Result<string, Failure> {
  return chooseLabel(house, who, wish, 'watched', (isTaken) => {
    const name = (pid > 0 ? house.sys.pidfds.nameOf(pid) : undefined) ?? 'process';
    return labelOfProcess(name, isTaken);
  });
}
