import { describe, expect, it } from 'vitest';
import { FOREVER, Host } from '../../archond/configured/host.ts';
import { archonctl } from '../client.ts';

describe('archonctl why', () => {
  it('names what a unit that waits is waiting for in the end, and not only the next link', async () => {
    await using host = await Host.start((folder) => ({
      check: { script: `test -e ${folder}/clean`, type: 'oneshot', restart: { delay: '1h' } },
      slow: { ...FOREVER, ready: { file: `${folder}/slow-is-ready` } },
      ready: { type: 'oneshot', command: 'true', needs: ['check'] },
      web: { ...FOREVER, needs: ['ready', 'slow'] },
    }));
    await host.until('backoff', 'check');
    await host.until('starting', 'slow');
    const why = async (...words: readonly string[]): Promise<string> =>
      (await archonctl(host.supervisor.socket, ['why', ...words])).stdout;
    const [first, second] = (await why('web')).split('\n');
    expect(first).toMatch(/^web is waiting because /);
    expect(second).toBe('It waits for slow (starting) and check (backoff, last exit: code 1) through ready.');
    expect(JSON.parse(await why('web', '--json'))).toMatchObject({
      state: 'waiting',
      waitsFor: [
        { label: 'slow', state: 'starting', through: [], lastEnd: null },
        { label: 'check', state: 'backoff', through: ['ready'], lastEnd: 'code 1' },
      ],
    });
    host.write('clean', '');
    host.write('slow-is-ready', '');
    await host.ask('Start,check');
    await host.until('running', 'web');
    expect(await why('web')).not.toContain('It waits for');
    expect(JSON.parse(await why('web', '--json'))).toMatchObject({ waitsFor: [] });
  });
});
