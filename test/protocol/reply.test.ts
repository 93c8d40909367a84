import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/base/errors.ts';
import { decodeRecord, type Fields } from '../../src/protocol/record.ts';
import { encodeReply, isClosing, readReply, type Reply, type TaggedReply } from '../../src/protocol/reply.ts';
import { expectRefusal, valueOf } from '../base/results.ts';
import { line } from './lines.ts';

const event = {
  sequence: 7,
  timeNs: 1_500_000_000n,
  label: 'web',
  kind: 'exited',
  details: [
    ['pid', '9'],
    ['code', '0'],
  ],
} as const;

/** One reply of each kind, and its line. */
const EXAMPLES: readonly (readonly [Reply, string])[] = [
  [{ kind: 'ok', fields: [] }, 'Ok'],
  [{ kind: 'ok', fields: ['archon', '0.1.0', '1'] }, 'Ok,archon,0.1.0,1'],
  [{ kind: 'ok', fields: [''] }, 'Ok,'],
  [
    { kind: 'error', failure: { code: 'not-found', message: 'no unit nosuch' } },
    'Error,no unit nosuch,not-found',
  ],
  [{ kind: 'error', failure: { code: 'busy', message: 'a, "b"' } }, 'Error,"a, ""b""",busy'],
  [
    { kind: 'error', failure: { code: 'exec-failed', message: 'no', more: ['exec', 'ENOENT'] } },
    'Error,"no",exec-failed,exec,ENOENT',
  ],
  [{ kind: 'exit-status', code: 0 }, 'ExitStatus,0'],
  [{ kind: 'exit-status', code: 255 }, 'ExitStatus,255'],
  [{ kind: 'data', name: 'Field', fields: ['pid', '17'] }, 'Field,pid,17'],
  [{ kind: 'data', name: 'Line', fields: ['', 'a\n\xff'] }, 'Line,,a\\x0a\\xff'],
  [{ kind: 'event', event }, 'Event,7,1.5,web,exited,pid=9,code=0'],
  [{ kind: 'end', reason: 'too-slow' }, 'End,too-slow'],
];

const BY_LINE = EXAMPLES.map(([reply, text]) => [text, reply] as const);

function readLine(text: string): TaggedReply {
  return valueOf(readReply(valueOf(decodeRecord(line(text)))));
}

describe('a reply', () => {
  test.each(BY_LINE)('is written as one line: %s', (text, reply) => {
    expect(encodeReply(reply)).toBe(`${text}\n`);
    expect(encodeReply(reply, '#7')).toBe(`#7,${text}\n`);
  });

  test.each(BY_LINE)('is read back from its line: %s', (text, reply) => {
    expect(readLine(text)).toEqual({ tag: undefined, reply });
    expect(readLine(`#7,${text}`)).toEqual({ tag: '#7', reply });
  });

  test('closes its request if it is Ok, Error or ExitStatus', () => {
    const closing = EXAMPLES.map(([reply]) => reply).filter(isClosing);
    expect(new Set(closing.map(({ kind }) => kind))).toEqual(new Set(['ok', 'error', 'exit-status']));
  });

  test('carries every code of the table', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      expect(
        readLine(encodeReply({ kind: 'error', failure: { code, message: 'x' } }).trimEnd()).reply,
      ).toEqual({
        kind: 'error',
        failure: { code, message: 'x' },
      });
    }
  });

  test('is read back whatever bytes its fields hold', () => {
    const field = fc.array(fc.integer({ min: 1, max: 255 })).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.array(field), field, fc.constantFrom(undefined, '#a.b_c-9'), (fields, message, tag) => {
        const replies: Reply[] = [
          { kind: 'ok', fields },
          { kind: 'data', name: 'Line', fields },
          { kind: 'error', failure: { code: 'failed', message } },
        ];
        for (const reply of replies) {
          expect(readLine(encodeReply(reply, tag).slice(0, -1))).toEqual({ tag, reply });
        }
      }),
    );
  });
});

describe('a client', () => {
  test('takes records that it does not know as data', () => {
    expect(readLine('Weather,fine').reply).toEqual({ kind: 'data', name: 'Weather', fields: ['fine'] });
  });

  test('passes over what a later version adds at the end', () => {
    expect(readLine('ExitStatus,3,later').reply).toEqual({ kind: 'exit-status', code: 3 });
    expect(readLine('End,cancelled,later').reply).toEqual({ kind: 'end', reason: 'cancelled' });
  });

  test('takes an error code that it does not know for failed', () => {
    expect(readLine('Error,no,too-hot').reply).toEqual({
      kind: 'error',
      failure: { code: 'failed', message: 'no' },
    });
  });

  test.each([
    ['Error', 'no'],
    ['Error'],
    ['ExitStatus'],
    ['ExitStatus', ''],
    ['ExitStatus', '256'],
    ['ExitStatus', '-1'],
    ['ExitStatus', '1x'],
    ['End'],
    ['Event', '1'],
    ['Event', 'x', '1', 'web', 'note'],
    ['Event', '1', 'x', 'web', 'note'],
    ['Event', '1', '1', 'web'],
    ['#7'],
  ] as string[][])('refuses %j %j, which is no answer of this protocol', (...record) => {
    expectRefusal(
      readReply(record as unknown as Fields),
      'syntax',
      /^the supervisor's answer '.*' is none of this protocol$/,
    );
  });
});

describe('an event', () => {
  test('may have no label and no details', () => {
    const reply: Reply = {
      kind: 'event',
      event: { sequence: 0, timeNs: 0n, label: '', kind: 'supervisor', details: [] },
    };
    expect(encodeReply(reply)).toBe('Event,0,0,,supervisor\n');
    expect(readLine('Event,0,0,,supervisor').reply).toEqual(reply);
  });

  test('has details that are split at the first =, and none without', () => {
    expect(readLine('Event,1,1,web,note,text=a=b,later').reply).toMatchObject({
      event: { details: [['text', 'a=b']] },
    });
  });

  test('has exactly its time and its number', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat().filter((one) => one < 1e15),
        fc.bigInt(0n, 2n ** 62n),
        (sequence, timeNs) => {
          const reply: Reply = {
            kind: 'event',
            event: { sequence, timeNs, label: 'a', kind: 'note', details: [] },
          };
          expect(readLine(encodeReply(reply).trimEnd()).reply).toEqual(reply);
        },
      ),
    );
  });
});
