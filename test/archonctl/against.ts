import { archonctl, type ClientOptions, type Ended } from './client.ts';
import { Pretended, type Script } from './pretended.ts';

/** How the real supervisor answers `Version`. */
export const GREETING = ['Ok,archon,0.1.0,1'];

/** Calls the client once against a server with that script, which answers `Version` besides; `requests` are the others. */
export async function against(
  script: Script,
  words: readonly string[],
  options?: ClientOptions,
): Promise<Ended & { readonly requests: readonly string[][] }> {
  await using server = await Pretended.start((fields) =>
    fields[0] === 'Version' ? GREETING : script(fields),
  );
  const ended = await archonctl(server.socket, words, options);
  return { ...ended, requests: server.requests.filter(([verb]) => verb !== 'Version') };
}
