import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/protocol/record.ts';
import { parseRequest, readRequest } from '../../src/protocol/read-request.ts';
import { isStream, startsSomething } from '../../src/protocol/request.ts';
import { VERBS } from '../../src/protocol/verbs.ts';
import { failureOfLine, refusalOf, requestOf, requestWith } from './requests.ts';

describe('a verb', () => {
  test('is matched without regard to case and told as the page writes it', () => {
    for (const text of ['Version', 'version', 'VERSION', 'vErSiOn'])
      expect(requestOf(text).verb).toBe('Version');
    expect(requestOf('monitorfd', 1).verb).toBe('MonitorFD');
    expect(requestOf('POWEROFF').verb).toBe('PowerOff');
  });

  test.each([
    ['Runn,ls', `there is no request 'Runn'; did you mean Run?`],
    ['Strat,web', `there is no request 'Strat'; did you mean Start?`],
    ['Run ,ls', `there is no request 'Run '; did you mean Run?`],
    ['frobnicate', `there is no request 'frobnicate'`],
    ['__proto__', `there is no request '__proto__'`],
    ['constructor', `there is no request 'constructor'`],
    [',Run', 'the record begins with an empty field where the request should stand'],
    ['""', 'the record begins with an empty field where the request should stand'],
    ['#7,', 'the record begins with an empty field where the request should stand'],
  ])('that does not exist is unknown-verb, naming the nearest: %s', (text, message) => {
    expect(failureOfLine(text)).toEqual({ code: 'unknown-verb', message });
  });
});

describe('a tag', () => {
  test('is that of the request, with its #', () => {
    expect(requestOf('#7,Version').tag).toBe('#7');
    expect(requestOf('Version').tag).toBeUndefined();
    expect(requestOf(`#${'x'.repeat(64)},Version`).tag).toBe(`#${'x'.repeat(64)}`);
  });

  test.each(['#', '#a b', `#${'x'.repeat(65)}`, '##', '#\\xff'])(
    'that is not well formed is syntax, without a tag: %s',
    (tag) => {
      const { tag: carried, failure } = refusalOf(`${tag},Version`);
      expect(failure.code).toBe('syntax');
      expect(failure.message).toMatch(/is not a tag: write # and 1 to 64 characters of A-Z a-z 0-9 _ \. -$/);
      expect(carried).toBeUndefined();
    },
  );

  test('alone is no request, and the error carries it', () => {
    expect(refusalOf('#7')).toEqual({
      tag: '#7',
      failure: { code: 'syntax', message: 'there is no request after the tag' },
    });
  });

  test.each([
    ['#7,Run,echo "hi"', 'syntax'],
    ['#7,Run,\t', 'syntax'],
    ['#7,Run,\\x00', 'bad-argument'],
    [`#7${',x'.repeat(65_536)}`, 'limit'],
    [`#7,${'x'.repeat(1024 * 1024)}`, 'limit'],
    ['#7,Nosuch', 'unknown-verb'],
    ['#7,Run', 'bad-argument'],
    ['#7,Version,x', 'bad-argument'],
    ['#7,Subscribe,@after=a:1,@snapshot=1', 'bad-argument'],
  ])('is carried by every error of its line: %s', (text, code) => {
    const { tag, failure } = refusalOf(text);
    expect([tag, failure.code]).toEqual(['#7', code]);
  });
});

describe('descriptors', () => {
  test.each([
    ['Run,cat', [0, 1, 2, 3], 4],
    ['StartDaemon,cat', [0, 1, 2, 3], 16],
    ['MonitorFD', [1], 2],
  ])('may come with %s', (text, allowed, tooMany) => {
    for (const count of allowed) expect(readRequest(Buffer.from(text), count).ok).toBe(true);
    expect(failureOfLine(text, tooMany).code).toBe('bad-argument');
  });

  test('are counted in the reason', () => {
    expect(failureOfLine('Version', 1).message).toBe('Version takes no descriptors; 1 came with it');
    expect(failureOfLine('Run,cat', 4).message).toBe('Run takes at most 3 descriptors; 4 came with it');
    expect(failureOfLine('MonitorFD', 0).message).toBe(
      'MonitorFD takes exactly 1 descriptor; 0 came with it',
    );
    expect(failureOfLine('MonitorFD', 2).message).toBe(
      'MonitorFD takes exactly 1 descriptor; 2 came with it',
    );
  });

  test('are a bad argument with every other request', () => {
    for (const [verb, { descriptors }] of Object.entries(VERBS)) {
      if (descriptors[1] === 0)
        expect(failureOfLine(verb, 1).message).toBe(`${verb} takes no descriptors; 1 came with it`);
    }
  });

  test('and @stdin would give standard input twice', () => {
    expect(requestWith('Run', 'Run,cat,@stdin=x').options.stdin).toBe('x');
    for (const verb of ['Run', 'StartDaemon']) {
      expect(failureOfLine(`${verb},cat,@stdin=`, 1)).toEqual({
        code: 'bad-argument',
        message: 'standard input is given twice, by @stdin and by a descriptor',
      });
    }
  });
});

describe('options that contradict each other are a bad argument', () => {
  test.each([
    ['Subscribe,@after=j:1,@snapshot=1', '@after and @snapshot exclude each other'],
    ['Subscribe,@after=1', '@after needs the journal id too: write @after=<journal id>:<sequence>'],
    ['Log,web,@fd=1,@lines=3', '@fd=1 gives the file itself: no other option goes with it'],
    ['Log,web,@fd=1,@since=3', '@fd=1 gives the file itself: no other option goes with it'],
    ['Log,web,@fd=1,@follow=1', '@fd=1 gives the file itself: no other option goes with it'],
    ['Log,web,@fd=1,@reopen=1', '@fd=1 gives the file itself: no other option goes with it'],
    ['Log,web,@reopen=1,@lines=3', '@reopen=1 gives no lines: no other option goes with it'],
    ['Reload,@check=1,@confirm=5s', '@check=1 applies nothing that @confirm could take back'],
  ])('%s', (text, message) => {
    expect(failureOfLine(text)).toEqual({ code: 'bad-argument', message });
  });

  test.each([
    'Subscribe,@after=j:1,@snapshot=0',
    'Subscribe,@snapshot=1',
    'Log,web,@fd=0,@lines=3',
    'Log,web,@fd=1,@follow=0',
    'Log,web,@lines=3,@follow=1',
    'Reload,@check=0,@confirm=5s',
    'Events,@after=17',
  ])('but not %s', (text) => {
    expect(requestOf(text).verb).toBe(text.split(',')[0]);
  });
});

describe('a request', () => {
  test('starts something where its verb does, and Reload where it is more than a check', () => {
    for (const text of ['Run,a', 'StartDaemon,a', 'Start,a', 'Restart,a', 'Reload', 'Reload,@check=0']) {
      expect(startsSomething(requestOf(text))).toBe(true);
    }
    for (const text of [
      'Reload,@check=1',
      'Stop,a',
      'Version',
      'Shutdown',
      'Wait,a',
      'Enable,a',
      'Plan,start,a',
    ]) {
      expect(startsSomething(requestOf(text))).toBe(false);
    }
  });

  test('is a stream where records follow its Ok', () => {
    expect(isStream(requestOf('Subscribe'))).toBe(true);
    expect(isStream(requestOf('Log,web,@follow=1'))).toBe(true);
    for (const text of ['Log,web', 'Log,web,@follow=0', 'Events', 'Run,a'])
      expect(isStream(requestOf(text))).toBe(false);
  });
});

describe('reading a request is total', () => {
  const verb = fc.constantFrom(...Object.keys(VERBS), 'nosuch', '', '#1', '#');
  const field = fc.oneof(
    fc
      .array(fc.integer({ min: 1, max: 255 }), { maxLength: 12 })
      .map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(
      'web',
      'a*',
      '{a',
      '@label=',
      '@timeout=5s',
      '@timeout=x',
      '@force=1',
      'A=b',
      '@',
      '@=',
      '=',
      '15',
      'start',
    ),
  );

  test('over all bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.nat(20),
        (bytes, count) => typeof readRequest(bytes, count).ok === 'boolean',
      ),
    );
  });

  test('over all fields, and every refusal has a code, a sentence and the tag', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        verb,
        fc.array(field, { maxLength: 4 }),
        fc.nat(3),
        (isTagged, word, rest, count) => {
          const result = parseRequest(isTagged ? ['#t', word, ...rest] : [word, ...rest], count);
          if (result.ok) {
            expect(result.value.tag).toBe(isTagged ? '#t' : result.value.tag);
            return;
          }
          expect(result.error.failure.message).toMatch(/^\S/);
          expect(encodeRecord(['Error', result.error.failure.message]).length).toBeLessThan(4000);
          if (isTagged) expect(result.error.tag).toBe('#t');
        },
      ),
      { numRuns: 3000 },
    );
  });
});
