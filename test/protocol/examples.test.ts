import { describe, expect, test } from 'vitest';
import { encodeReply } from '../../src/protocol/reply.ts';
import { encodeRecord } from '../../src/protocol/record.ts';
import { failureOfLine, requestWith } from './requests.ts';

/** The rows of "Examples of decoding" on the protocol page, in their order. */
describe('the examples of the protocol page', () => {
  const run = (text: string): { words: readonly string[]; settings: Record<string, string> } => {
    const { args, settings } = requestWith('Run', text);
    return { words: args.command, settings: Object.fromEntries(settings) };
  };

  test('a command with a setting', () => {
    expect(run('Run,ls -l,FOO=1')).toEqual({ words: ['ls', '-l'], settings: { FOO: '1' } });
  });

  test('a verb in lower case and doubled quotes', () => {
    expect(run('run,"echo ""x, y"""').words).toEqual(['echo', 'x, y']);
  });

  test('a quote inside an unquoted field, with the hint', () => {
    const failure = failureOfLine('Run,echo "hi"');
    expect(failure.code).toBe('syntax');
    expect(failure.message).toContain('"echo ""hi"""');
  });

  test('escapes that are undone before words are split', () => {
    expect(run("Run,echo 'a\\nb'").words).toEqual(['echo', 'a\nb']);
    expect(run('Run,echo a\\x20b').words).toEqual(['echo', 'a', 'b']);
  });

  test('bytes outside ASCII', () => {
    expect(run('Run,echo caf\\xc3\\xa9').words).toEqual(['echo', 'caf\xc3\xa9']);
    expect(run('Run,echo \\xff').words).toEqual(['echo', '\xff']);
  });

  test('pairs that are no escapes', () => {
    expect(run('Run,grep foo\\.bar f').words).toEqual(['grep', 'foo.bar', 'f']);
    expect(run("Run,grep 'foo\\.bar' f").words).toEqual(['grep', 'foo\\.bar', 'f']);
    expect(run('Run,echo a\\\\\\\\b').words).toEqual(['echo', 'a\\b']);
  });

  test('what a shell would expand', () => {
    expect(run('Run,echo $HOME * ; true').words).toEqual(['echo', '$HOME', '*', ';', 'true']);
  });

  test('settings and options', () => {
    const request = requestWith('Run', 'Run,true,A=x=y,B=,@cwd=/tmp');
    expect([...request.settings]).toEqual([
      ['A', 'x=y'],
      ['B', ''],
    ]);
    expect(request.options).toEqual({ cwd: '/tmp' });
  });

  test('a glob with braces', () => {
    const [target] = requestWith('Stop', 'Stop,"{web,db}*"').args.targets;
    const labels = ['web', 'web-1', 'db', 'dbx', 'cache', 'aweb'];
    expect(labels.filter((label) => target.kind === 'glob' && target.glob.matches(label))).toEqual([
      'web',
      'web-1',
      'db',
      'dbx',
    ]);
  });

  test('a tagged request and its answer', () => {
    const request = requestWith('Run', '#a,Run,true');
    expect(request.tag).toBe('#a');
    expect(encodeReply({ kind: 'exit-status', code: 0 }, request.tag)).toBe('#a,ExitStatus,0\n');
  });

  test('the error of a command that does not exist', () => {
    const message = 'cannot run nosuch: ENOENT (No such file or directory) at exec';
    expect(
      encodeReply({ kind: 'error', failure: { code: 'exec-failed', message, more: ['exec', 'ENOENT'] } }),
    ).toBe('Error,"cannot run nosuch: ENOENT (No such file or directory) at exec",exec-failed,exec,ENOENT\n');
    expect(encodeRecord(['Run', 'grep -c "a b" notes.txt'])).toBe('Run,"grep -c ""a b"" notes.txt"\n');
  });
});
