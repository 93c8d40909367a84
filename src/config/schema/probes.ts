import * as z from 'zod/mini';
import { err, ok } from '../../base/result.ts';
import { ANY_TEXT, leaf, textLike } from './leaf.ts';
import { duration, oneOf, path, truth, whole } from './scalars.ts';
import { command, keys } from './shapes.ts';

/** The descriptors that a unit may signal its readiness on: 0, 1 and 2 are its input and output. */
const [FIRST_FD, LAST_FD] = [3, 255];

/** The digits of a port, or what stands for them until they are known (`port-reference.ts`). */
const PORT = /^(?:[0-9]{1,5}|\0[^\0]*\0)$/;

/** A port alone is one of this host. */
const LOOPBACK = '127.0.0.1';

/** `PORT` or `HOST:PORT`; an IPv6 address in brackets. */
const endpoint = leaf(
  'PORT or HOST:PORT',
  { anyOf: [{ type: 'integer', minimum: 1, maximum: 65_535 }, textLike('(?:.+:)?[0-9]{1,5}')] },
  (found) => {
    const [, bracketed, plain, port = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]\s]+)):)?([^:]+)$/.exec(found) ?? [];
    const isPort =
      PORT.test(port) && (port.startsWith('\0') || (Number(port) >= 1 && Number(port) <= 65_535));
    return isPort ? ok({ host: bracketed ?? plain ?? LOOPBACK, port }) : err(undefined);
  },
);

const url = leaf('a URL such as http://127.0.0.1:8080/health', ANY_TEXT, (found) => {
  const address = found.replace(/\0[^\0]*\0/g, '1');
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? ok(found) : err(undefined);
});

const pattern = leaf('a regular expression', ANY_TEXT, (found) => {
  try {
    new RegExp(found, 'u');
    return ok(found);
  } catch (error) {
    return err(`a regular expression (${error instanceof Error ? error.message : String(error)})`);
  }
});

/** What readiness and health have in common; exactly one of these stands in a long form. */
const PROBES = {
  notify: z.optional(truth),
  command: z.optional(command),
  tcp: z.optional(endpoint),
  http: z.optional(url),
  file: z.optional(path),
};

/** The keys of which one says what the probe is. */
export const READY_PROBES = ['exec', 'notify', 'fd', 'command', 'tcp', 'http', 'log', 'file'] as const;
export const HEALTH_PROBES = ['notify', 'command', 'tcp', 'http', 'file'] as const;

/** `ready`. */
export const ready = z.union([
  oneOf('exec', 'notify'),
  keys('a mapping such as {tcp: 8080, timeout: 60s}', {
    exec: z.optional(truth),
    ...PROBES,
    fd: z.optional(whole(FIRST_FD, LAST_FD, 'a descriptor')),
    log: z.optional(pattern),
    every: z.optional(duration),
    timeout: z.optional(duration),
  }),
]);

/** `health`. */
export const health = z.union([
  oneOf('none', 'notify'),
  keys('a mapping such as {http: "http://127.0.0.1:8080/", every: 10s}', {
    ...PROBES,
    every: z.optional(duration),
    timeout: z.optional(duration),
    failures: z.optional(whole(1, 1_000_000)),
    watchdog: z.optional(duration),
  }),
]);
