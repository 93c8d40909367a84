import { describe, expect, it } from 'vitest';
import { against } from '../against.ts';
import { archonctl } from '../client.ts';
import { byVerb, HANG_UP, Pretended, type Script } from '../pretended.ts';

describe('shutdown', () => {
  const up = ['Unit,a,running,1,1,0,,,', 'Unit,b,backoff,,1,0,,,', 'Unit,c,failed,,1,0,,,', 'Ok,3'];

  it('tells what goes down as it goes', async () => {
    const script = byVerb({ List: up, Shutdown: ['Done,b,stopped', 'Done,a,stopped', 'Ok'] });
    expect(await against(script, ['shutdown', '--timeout', '5s'])).toEqual({
      code: 0,
      stdout: 'b is stopped\na is stopped\n',
      stderr: '',
      requests: [['List'], ['Shutdown', '@timeout=5s']],
    });
    expect(JSON.parse((await against(script, ['shutdown', '--json'])).stdout)).toEqual({
      units: [
        { label: 'b', state: 'stopped' },
        { label: 'a', state: 'stopped' },
      ],
    });
  });

  it('is not shortened by the global time limit, which only ends the waiting', async () => {
    const script: Script = ([verb]) => (verb === 'List' ? up : undefined);
    expect(await against(script, ['--timeout', '300ms', 'shutdown'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: there was no answer within 300ms\n',
      requests: [['List'], ['Shutdown']],
    });
  });

  it('passes on a refusal', async () => {
    const script = byVerb({ List: up, Shutdown: ['Error,Shutdown is for root,denied'] });
    expect(await against(script, ['shutdown'])).toMatchObject({
      code: 1,
      stderr: 'archonctl: Shutdown is for root\n',
    });
  });
});

describe('send', () => {
  const send = async (answer: readonly string[] | undefined, record: string, ...options: string[]) =>
    against(() => answer, [...options, 'send', record]);

  it.each([
    [['Ok,archon,0.1.0,1'], 0],
    [['Unit,a,running,1,1,0,,,', 'Ok,1'], 0],
    [['ExitStatus,7'], 7],
    [['Error,no,busy'], 1],
    [['Error,no,not-found'], 4],
  ])('prints %j as it came and ends with %i', async (answer, code) => {
    const ended = await send(answer, 'List,x');
    expect(ended).toEqual({
      code,
      stdout: answer.map((line) => `${line}\n`).join(''),
      stderr: '',
      requests: [['List', 'x']],
    });
  });

  it('sends the record as it stands, with its tag and its bytes', async () => {
    await using server = await Pretended.start(() => ['ExitStatus,0']);
    const { code, stdout } = await archonctl(server.socket, ['send', '#a.1,Run,"echo ""x, y""",A=\\xff']);
    expect({ code, stdout, requests: server.requests }).toEqual({
      code: 0,
      stdout: '#a.1,ExitStatus,0\n',
      requests: [['Run', 'echo "x, y"', 'A=\xff']],
    });
  });

  it('follows a stream to its end', async () => {
    const answer = ['Event,1,1,a,exited,code=0', 'Ok,j:1', 'Event,2,2,a,starting', 'End,shutting-down'];
    expect(await send(answer, 'Subscribe')).toMatchObject({ code: 0, stdout: `${answer.join('\n')}\n` });
    expect(await send(answer, 'Events')).toMatchObject({
      code: 0,
      stdout: 'Event,1,1,a,exited,code=0\nOk,j:1\n',
    });
  });

  it('ends with what a stream had come to when its connection ends', async () => {
    expect(await send(['Ok,j:1', HANG_UP], 'Subscribe')).toMatchObject({
      code: 0,
      stdout: 'Ok,j:1\n',
      stderr: '',
    });
  });

  it('says so where no answer comes', async () => {
    expect(await send(undefined, 'List', '--timeout', '200ms')).toMatchObject({
      code: 1,
      stderr: 'archonctl: there was no answer within 200ms\n',
    });
    const gone = await against(() => [HANG_UP], ['send', 'List']);
    expect(gone).toMatchObject({
      code: 1,
      stderr: 'archonctl: the supervisor went away before its answer was complete\n',
    });
  });

  it('sends one record only', async () => {
    expect(await send(['Ok'], 'List\nShutdown')).toMatchObject({ code: 2, requests: [] });
  });
});
