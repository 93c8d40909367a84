import { readFileSync } from 'node:fs';
import path from 'node:path';
import { StreamClient } from '../../support/stream-client.ts';
import type { TestSupervisor } from '../../support/supervisor.ts';

/** The log of a label. */
export const logOf = (supervisor: TestSupervisor, label: string): string =>
  path.join(supervisor.folder, 'state/log', `${label}.log`);

/** What its log holds. */
export const written = (supervisor: TestSupervisor, label: string): string =>
  readFileSync(logOf(supervisor, label), 'latin1');

/** The texts of the `Line` records among lines, and their times. */
export function linesIn(lines: readonly string[]): { readonly time: string; readonly text: string }[] {
  return lines.flatMap((line) => {
    const [, time, text] = /^(?:#\w+,)?Line,([\d.]*),(.*)$/.exec(line) ?? [];
    return time === undefined || text === undefined ? [] : [{ time, text }];
  });
}

/** The texts alone. */
export const textsIn = (lines: readonly string[]): string[] => linesIn(lines).map(({ text }) => text);

/** The end of what has been. */
export const OPENED = /^(?:#\w+,)?Ok,\d+$/;

/** A client that follows a log, once it has all that has been. */
export async function following(
  supervisor: TestSupervisor,
  label: string,
  ...options: readonly string[]
): Promise<StreamClient> {
  const request = ['Log', label, ...options, '@follow=1'].join(',');
  const client = await StreamClient.connect(supervisor.socket, request);
  await client.untilLine(OPENED);
  return client;
}
