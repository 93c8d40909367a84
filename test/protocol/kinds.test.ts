import { describe, expect, test } from 'vitest';
import { EVENT_KINDS, UNIT_STATES } from '../../src/base/vocabulary.ts';
import { KINDS } from '../../src/protocol/kinds.ts';
import { expectRefusal, valueOf } from '../base/results.ts';

describe('a flag', () => {
  test('is 1 or 0', () => {
    expect(valueOf(KINDS.flag('1'))).toBe(true);
    expect(valueOf(KINDS.flag('0'))).toBe(false);
    for (const text of ['', 'true', 'yes', '01', ' 1'])
      expectRefusal(KINDS.flag(text), 'bad-argument', /is neither 1 nor 0$/);
  });
});

describe('a number', () => {
  test.each([
    ['0', 0],
    ['10', 10],
    ['1000000000', 1_000_000_000],
  ])('counts: %s', (text, number) => {
    expect(valueOf(KINDS.count(text))).toBe(number);
  });

  test.each(['', '-1', '+1', '1.5', '1e3', '0x10', ' 1', '1000000001', '9'.repeat(30)])(
    'does not count: %j',
    (text) => {
      expectRefusal(KINDS.count(text), 'bad-argument', /is not a number from 0 to 1000000000$/);
    },
  );

  test('of a process is one that pid_t can hold', () => {
    expect(valueOf(KINDS.pid('1'))).toBe(1);
    expect(valueOf(KINDS.pid('2147483647'))).toBe(2_147_483_647);
    for (const text of ['0', '-1', '2147483648', 'self']) {
      expectRefusal(KINDS.pid(text), 'bad-argument', /is not a number from 1 to 2147483647$/);
    }
  });

  test('of a port is one that TCP can carry', () => {
    expect(valueOf(KINDS.portNumber('0'))).toBe(0);
    expect(valueOf(KINDS.portNumber('65535'))).toBe(65_535);
    expectRefusal(KINDS.portNumber('65536'), 'bad-argument', /is not a number from 0 to 65535$/);
  });

  test('of a umask is octal', () => {
    expect(valueOf(KINDS.umask('0'))).toBe(0);
    expect(valueOf(KINDS.umask('22'))).toBe(0o22);
    expect(valueOf(KINDS.umask('0777'))).toBe(0o777);
    for (const text of ['', '8', '1000', '00022', '-1', '0o22', 'u=rwx']) {
      expectRefusal(KINDS.umask(text), 'bad-argument', /is not an octal number from 0 to 777$/);
    }
  });
});

describe('text', () => {
  test('may be anything where it may be empty', () => {
    expect(valueOf(KINDS.anything(''))).toBe('');
    expect(valueOf(KINDS.anything('\xff\n'))).toBe('\xff\n');
  });

  test('may not be empty where something must be named', () => {
    expect(valueOf(KINDS.something('\xff'))).toBe('\xff');
    expectRefusal(KINDS.something(''), 'bad-argument', /^it is empty$/);
  });

  test('of a folder begins at the root', () => {
    for (const path of ['/', '/tmp', '/caf\xc3\xa9', '/a b']) expect(valueOf(KINDS.folder(path))).toBe(path);
    for (const path of ['', 'tmp', './tmp', '~'])
      expectRefusal(KINDS.folder(path), 'bad-argument', /is not an absolute path$/);
  });

  test('of a port name has the characters of a label but not its rules for files', () => {
    for (const name of ['http', 'web/http', '8080', '-', 'a.log', 'x'.repeat(255)])
      expect(valueOf(KINDS.portName(name))).toBe(name);
    for (const name of ['', 'a b', 'x'.repeat(256), '\xff']) {
      expectRefusal(KINDS.portName(name), 'bad-argument', /cannot be the name of a port$/);
    }
  });
});

describe('a target', () => {
  test('is a plain label or a glob', () => {
    expect(valueOf(KINDS.target('a/b'))).toEqual({ kind: 'label', label: 'a/b' });
    expect(valueOf(KINDS.target('a*'))).toMatchObject({ kind: 'glob', glob: { text: 'a*' } });
  });

  test('that can be neither is refused by the rules of what it looks like', () => {
    expectRefusal(KINDS.target('a b'), 'bad-argument', /cannot be a label: a blank/);
    expectRefusal(KINDS.target('db}'), 'bad-argument', /cannot be a label: \}/);
    expectRefusal(KINDS.target('{web'), 'bad-argument', /^unclosed \{ .* double quotes/);
    expectRefusal(KINDS.target('?'.repeat(5000)), 'limit', /4096/);
  });
});

describe('the label that a process is to have', () => {
  test('is given, or left to be generated', () => {
    expect(valueOf(KINDS.labelWish('web'))).toEqual({ kind: 'label', label: 'web' });
    expect(valueOf(KINDS.labelWish(''))).toEqual({ kind: 'generated' });
  });

  test('is no glob', () => {
    expectRefusal(KINDS.labelWish('web*'), 'bad-argument', /cannot be a label: \*/);
  });
});

describe('a position', () => {
  test.each([
    ['j:0', { journal: 'j', sequence: 0 }],
    ['3f-a.b:999999999999999', { journal: '3f-a.b', sequence: 999_999_999_999_999 }],
    ['42', { journal: undefined, sequence: 42 }],
  ])('is %s', (text, position) => {
    expect(valueOf(KINDS.position(text))).toEqual(position);
  });

  test.each(['', ':', ':1', 'j:', 'j:x', 'j:-1', 'a:b:1', 'j:1000000000000000'])('is not %j', (text) => {
    expectRefusal(KINDS.position(text), 'bad-argument', /is not a position: write <journal id>:<sequence>$/);
  });
});

describe('a tag to cancel', () => {
  test('may come with or without its #', () => {
    expect(valueOf(KINDS.tag('#7'))).toBe('#7');
    expect(valueOf(KINDS.tag('7'))).toBe('#7');
  });

  test.each(['', '#', '##7', '#a b', `#${'x'.repeat(65)}`])('is not %j', (text) => {
    expectRefusal(KINDS.tag(text), 'bad-argument', /is not a tag/);
  });
});

describe('the kind of an event', () => {
  test('is one of the supervisor or of a rule', () => {
    for (const kind of [...EVENT_KINDS, 'my-own']) expect(valueOf(KINDS.eventKind(kind))).toBe(kind);
    for (const kind of ['', 'Exited', '-x', '1', 'a b', 'x'.repeat(65)]) {
      expectRefusal(KINDS.eventKind(kind), 'bad-argument', /cannot be the kind of an event$/);
    }
  });
});

describe('a choice', () => {
  test('is one of the words, exactly', () => {
    const state = KINDS.oneOf(...UNIT_STATES);
    for (const word of UNIT_STATES) expect(valueOf(state(word))).toBe(word);
    expectRefusal(
      state('Running'),
      'bad-argument',
      /^'Running' is not stopped, waiting, starting, running, stopping, backoff, failed or finished$/,
    );
  });
});
