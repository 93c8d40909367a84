import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/archonctl/caller.ts';
import { readCommand, splitSettings, type COMMAND_OPTIONS } from '../../src/archonctl/command.ts';
import type { Given } from '../../src/archonctl/options/option.ts';
import type { Invocation } from '../../src/archonctl/verb.ts';
import { splitWords } from '../../src/base/words.ts';

interface Called {
  readonly given?: Given<typeof COMMAND_OPTIONS>;
  readonly hasDashes?: boolean;
  readonly environment?: readonly string[];
  readonly folder?: string;
  readonly takesSettings?: boolean;
}

function read(words: readonly string[], called: Called = {}) {
  const caller: Caller = {
    uid: 0,
    env: {},
    words: () => words,
    environment: () => called.environment ?? [],
    folder: () => ('folder' in called ? called.folder : '/here'),
  };
  const { given = {}, hasDashes = false } = called;
  const invocation = { given, words, hasDashes, caller } as unknown as Invocation;
  const command = readCommand({ ...invocation, given }, called.takesSettings ?? true);
  return command.ok ? command.value : command.error;
}

describe('the settings of a command line', () => {
  const split = (words: string[], hasDashes = false) => splitSettings(words, hasDashes);

  it('are the trailing words that look so', () => {
    expect(split(['ls', '-l', 'FOO=1', '_b2=x=y'])).toEqual({
      command: ['ls', '-l'],
      settings: ['FOO=1', '_b2=x=y'],
    });
    expect(split(['env', 'A=1', 'sh', 'B='])).toEqual({ command: ['env', 'A=1', 'sh'], settings: ['B='] });
  });

  it('are not words whose name no variable can have', () => {
    expect(split(['dd', 'if=a', '2x=1'])).toEqual({ command: ['dd', 'if=a', '2x=1'], settings: [] });
    expect(split(['x', 'a-b=1'])).toEqual({ command: ['x', 'a-b=1'], settings: [] });
  });

  it('are none behind --, before the command or within it', () => {
    expect(split(['dd', 'if=a', 'of=b'], true).settings).toEqual([]);
    expect(split(['git', 'checkout', '--', 'A=1']).settings).toEqual([]);
  });

  it('never leave nothing to run', () => {
    expect(split(['A=1', 'B=2'])).toEqual({ command: ['A=1'], settings: ['B=2'] });
  });
});

describe('a command', () => {
  it('is one field of words, then settings and options', () => {
    expect(read(['grep', '-c', 'a b', 'notes.txt', 'FOO=1'])).toEqual({
      words: ['grep', '-c', 'a b', 'notes.txt'],
      line: "grep -c 'a b' notes.txt",
      rest: ['FOO=1', '@cwd=/here'],
    });
  });

  it('reaches the supervisor word by word, whatever is in them', () => {
    const word = fc.string({ unit: 'binary-ascii', maxLength: 6 }).filter((text) => !text.includes('\0'));
    const words = fc.tuple(
      word.filter((text) => text !== '' && !text.includes('=')),
      fc.array(word, { maxLength: 5 }),
    );
    fc.assert(
      fc.property(words, ([program, more]) => {
        const command = read([program, ...more], { hasDashes: true });
        if (typeof command === 'string') throw new Error(command);
        expect(splitWords(command.line)).toEqual({ ok: true, value: [program, ...more] });
      }),
    );
  });

  it('hands on what it was given', () => {
    const given = {
      env: ['A=1', 'B=a b'],
      cwd: 'sub/../other',
      user: 'www',
      group: 'staff',
      umask: '077',
      'clean-env': true,
      'stop-signal': 'INT',
      'stop-timeout': '3s',
    } as const;
    expect(read(['x', 'A=2'], { given })).toMatchObject({
      rest: [
        'A=1',
        'B=a b',
        'A=2',
        '@cwd=/here/other',
        '@clean-env=1',
        '@user=www',
        '@group=staff',
        '@umask=077',
        '@stop-signal=INT',
        '@stop-timeout=3s',
      ],
    });
  });

  it('takes the environment of the shell, but not what the supervisor says itself, nor what cannot be sent', () => {
    const environment = [
      'HOME=/h',
      'ARCHON_LABEL=outer',
      'ARCHON_SOCKET=/s',
      'BASH_FUNC_f%%=() { :; }',
      'E=',
    ];
    expect(read(['x', 'HOME=/other'], { given: { 'my-env': true }, environment })).toMatchObject({
      rest: ['HOME=/h', 'E=', 'HOME=/other', '@cwd=/here', '@clean-env=1'],
    });
  });

  it('of a removed folder needs a folder by name', () => {
    const sentence = 'the present folder has been removed: go to another, or name one with --cwd';
    const nowhere = { folder: undefined } as unknown as Called;
    expect(read(['x'], nowhere)).toBe(sentence);
    expect(read(['x'], { ...nowhere, given: { cwd: 'sub' } })).toBe(sentence);
    expect(read(['x'], { ...nowhere, given: { cwd: '/tmp' } })).toMatchObject({ rest: ['@cwd=/tmp'] });
  });

  it.each([
    [['A=1', 'ls'], {}, 'A=1 is a setting: write it behind the command, or as -e A=1 before it'],
    [[''], {}, 'the command is empty'],
    [['x'], { env: ['1=2'] }, '-e 1=2 is no setting: write NAME=value'],
  ])('%j with %j is wrong use', (words, given, sentence) => {
    expect(read(words, { given })).toBe(sentence);
  });

  it('may have a name like a setting where it cannot be one', () => {
    expect(read(['A=1'], { hasDashes: true })).toMatchObject({ line: 'A=1' });
    expect(read(['A=1', 'B=2'], { takesSettings: false })).toMatchObject({
      line: 'A=1 B=2',
      rest: ['@cwd=/here'],
    });
  });
});
