import { describe, expect, test } from 'vitest';
import { readBindQuestion } from '../../src/protocol/bind-question.ts';

const read = (text: string): ReturnType<typeof readBindQuestion> => readBindQuestion(Buffer.from(text));

describe('a question of the bind shim', () => {
  test('says protocol, host and port, and how the caller wants to bind', () => {
    const plain = { protocol: 'tcp', host: '127.0.0.1', port: 8080, isV6Only: false, isShared: false };
    expect(read('Bind,tcp,127.0.0.1,8080\n')).toEqual({ ok: true, value: plain });
    expect(read('Bind,udp,0:0:0:0:0:0:0:0,65535,@v6only=1,@reuseport=1')).toEqual({
      ok: true,
      value: { protocol: 'udp', host: '0:0:0:0:0:0:0:0', port: 65_535, isV6Only: true, isShared: true },
    });
  });

  test.each([
    ['', 'syntax'],
    ['\n', 'syntax'],
    ['Bind,tcp,"', 'syntax'],
    ['Bind,tcp,127.0.0.1,80\nBind,tcp,127.0.0.1,81\n', 'syntax'],
    ['Run,true', 'unknown-verb'],
    ['Bind', 'bad-argument'],
    ['Bind,sctp,127.0.0.1,80', 'bad-argument'],
    ['Bind,tcp,127.0.0.1', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,0', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,65536', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,+80', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,80,@v6only', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,80,@toString=1', 'bad-argument'],
    ['Bind,tcp,127.0.0.1,80,extra', 'bad-argument'],
  ])('is refused as %j', (text, code) => {
    expect(read(text)).toMatchObject({ ok: false, error: { code } });
  });
});
