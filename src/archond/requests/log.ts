import { describeErrno } from '../../base/errno.ts';
import { failure } from '../../base/failure.ts';
import { oldLogs } from '../../logs/old-logs.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { SysError } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { logPlace } from '../logs/log-place.ts';
import { PastLog } from '../logs/past.ts';
import { mayControl } from './rights.ts';
import { noSuchUnit } from './targets.ts';

/**
 * `Log`: the lines of a unit's log as it is now, and of those set aside before it, those since an instant, or the last of them; with `@follow` those that
 * come too; with `@fd` the file itself; with `@reopen` nothing is read. What a unit wrote can be had while its log is there.
 */
export function log(house: House, request: RequestOf<'Log'>, call: Call): void {
  const { label } = request.args;
  const place = logPlace(house, label);
  if (place.kind === 'none') {
    call.fail(failure('unsupported', place.why));
    return;
  }
  const { path } = place;
  if (request.options.reopen === true) {
    if (!place.isUnit && !house.logs.writers.writes(path)) call.fail(noSuchUnit(house, label));
    else reopen(house, path, label, call);
    return;
  }
  house.logs.writers.drain(path);
  const status = house.sys.files.status(path);
  if (status.ok && !status.value.isPlain) {
    call.fail(failure('unsupported', `the log of ${label} is no plain file: ${fieldOfText(path)}`));
  } else if (!status.ok && status.error.code !== 'ENOENT') {
    call.fail(unreadable(path, status.error));
  } else if (!status.ok && !place.isUnit && oldLogs(house.sys.files, path).length === 0) {
    call.fail(noSuchUnit(house, label));
  } else if (request.options.fd === true) {
    hand(house, path, label, call);
  } else {
    const past = new PastLog(house, path, request.options, call);
    past.send().catch((error: unknown) => {
      house.broke(error, call);
    });
  }
}

/** What is written from now on goes to whatever has the name of the log: for whoever has moved it away. */
function reopen(house: House, path: string, label: string, call: Call): void {
  const { supervisor, logs } = house;
  const record = supervisor.records.get(label) ?? supervisor.records.get(label.replace(/\.err$/, ''));
  if (record !== undefined && !mayControl(call.client, record))
    call.fail(failure('denied', `you may not have the log of ${label} reopened: it takes the role control`));
  else {
    const paths = [path, ...errorLogs(house, label)];
    call.ok(String(paths.filter((one) => logs.writers.reopen(one)).length > 0 ? 1 : 0));
  }
}

/** Who moves the log of a unit away moves that of its standard error too, where that has one of its own. */
function errorLogs({ supervisor, streams }: House, label: string): readonly string[] {
  const record = supervisor.records.get(label);
  return record?.errorOutput === undefined ? [] : [streams.target(record, 'err', 0).path];
}

/** Hands over the log, open for reading, and how far it has been written. */
function hand({ sys }: House, path: string, label: string, call: Call): void {
  const opened = sys.files.openToRead(path);
  if (!opened.ok) {
    call.fail(
      opened.error.code === 'ENOENT'
        ? failure('not-found', `${label} has written nothing yet, and so has no log`)
        : unreadable(path, opened.error),
    );
    return;
  }
  const { descriptor, sizeBytes } = opened.value;
  call.close({ kind: 'ok', fields: [fieldOfText(path), String(sizeBytes)] }, [descriptor]);
  sys.descriptors.close(descriptor);
}

function unreadable(path: string, { code }: SysError): ReturnType<typeof failure> {
  return failure('failed', `cannot read ${fieldOfText(path)}: ${describeErrno(code)}`);
}
