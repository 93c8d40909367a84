import { expect } from 'vitest';
import type { Refused } from '../../../src/sys/network.ts';
import type { Tester } from './tester.ts';

/** Whether servers answer. */
export function network(test: Tester): void {
  test('a port is reached where somebody accepts, and nowhere else', async (world) => {
    const server = await world.harness.serve(204);
    const answers: Refused[] = [];
    const told = world.heard((why: Refused) => answers.push(why));
    world.sys.network.reach('127.0.0.1', server.port, told);
    await world.until(() => answers.length === 1, 'the server is reached');
    expect(answers).toEqual([undefined]);
    await server.close();
    world.sys.network.reach('127.0.0.1', server.port, told);
    await world.until(() => answers.length === 2, 'the refusal is told');
    expect(answers[1]).toContain('ECONNREFUSED');
  });

  test('a page has its status, and a server that is not there a reason', async (world) => {
    const server = await world.harness.serve(503);
    const url = `http://127.0.0.1:${server.port}/health`;
    const answers: [number | undefined, Refused][] = [];
    const told = world.heard((status: number | undefined, why: Refused) => answers.push([status, why]));
    world.sys.network.get(url, told);
    await world.until(() => answers.length === 1, 'the page is answered');
    expect(answers[0]).toEqual([503, undefined]);
    await server.close();
    world.sys.network.get(url, told);
    await world.until(() => answers.length === 2, 'the refusal is told');
    expect(answers[1]?.[0]).toBeUndefined();
    expect(answers[1]?.[1]).toContain('ECONNREFUSED');
  });

  test('after a cancel nothing is told', async (world) => {
    const server = await world.harness.serve(200);
    const never = (): void => expect.fail('it was cancelled');
    world.sys.network.reach('127.0.0.1', server.port, never)();
    world.sys.network.get(`http://127.0.0.1:${server.port}/`, never)();
    let isReached = false;
    world.sys.network.reach(
      '127.0.0.1',
      server.port,
      world.heard(() => {
        isReached = true;
      }),
    );
    await world.until(() => isReached, 'the one that stands is answered');
    await server.close();
  });
}
