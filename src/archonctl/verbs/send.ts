import { ERRORS } from '../../base/errors.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { decodeRecord } from '../../protocol/record.ts';
import { isClosing, readReply, type Reply } from '../../protocol/reply.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { exchange } from '../exchange.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl send`: for debugging and scripts. */
export const send = defineVerb({
  name: 'send',
  operands: ['<record>'],
  order: 'options-first',
  options: {},
  description:
    'Sends one record of the protocol as it stands and prints the answer as it comes, up to its closing reply; a ' +
    'stream (Subscribe, Log with @follow=1) to its end. Ends with 0 for Ok, 1 or 4 for Error, and for ExitStatus with ' +
    'its code.',
  examples: [
    ['send Version', 'prints `Ok,archon,` and two versions'],
    [`send 'Run,"sh -c ""exit 7""",@cwd=/tmp'`, 'prints `ExitStatus,7` and ends with 7'],
    ["send '#a,Status,web'", 'with a tag, which comes back on each line'],
  ],
  async run({ words, globals, caller, screen }) {
    const [record = ''] = words;
    if (record.includes('\n')) {
      screen.complain('a record is one line: write \\n for a line feed inside a field');
      return EXIT.wrongUse;
    }
    const wanted = await isStream(record);
    let closing: Reply | undefined;
    const onLine = (line: Uint8Array): boolean => {
      screen.outBytes(Buffer.concat([line, LF]));
      const reply = replyIn(line);
      if (reply === undefined) return true;
      if (closing === undefined && isClosing(reply)) closing = reply;
      const isOver = reply.kind === 'end' || (closing !== undefined && (closing.kind !== 'ok' || !wanted));
      return !isOver;
    };
    const bytes = Buffer.concat([bytesOf(record), LF]);
    const socket = socketPath(globals.socket, caller.uid, caller.env);
    const fault = await exchange(socket, bytes, onLine, globals.timeoutMs);
    if (fault !== undefined && (closing === undefined || fault.kind === 'late')) {
      screen.complain(fault.sentence);
      return fault.kind === 'unreachable' ? EXIT.unreachable : EXIT.failed;
    }
    return closing === undefined ? EXIT.failed : exitCodeOf(closing);
  },
});

const LF = Buffer.from('\n');

/** Whether the record asks for a stream. What cannot be read as a request is answered by an error. */
async function isStream(record: string): Promise<boolean> {
  const { readRequest } = await import('../../protocol/read-request.ts');
  const request = await import('../../protocol/request.ts');
  const read = readRequest(bytesOf(record), 0);
  return read.ok && request.isStream(read.value);
}

function replyIn(line: Uint8Array): Reply | undefined {
  const record = decodeRecord(line);
  const read = record.ok ? readReply(record.value) : undefined;
  return read?.ok === true ? read.value.reply : undefined;
}

function exitCodeOf(closing: Reply): number {
  if (closing.kind === 'exit-status') return closing.code;
  return closing.kind === 'error' ? ERRORS[closing.failure.code].exitCode : EXIT.done;
}
