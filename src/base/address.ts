/**
 * Where a socket is bound. A Unix socket has the path of its file as host and 0 as port; its protocol says whether
 * it is one of streams (`tcp`) or of datagrams (`udp`).
 */
export interface Address {
  readonly protocol: 'tcp' | 'udp';
  /** In the form of `canonicalHost`. */
  readonly host: string;
  /** 1 to 65,535, 0 for a path. */
  readonly port: number;
}

export type Family = 'ipv4' | 'ipv6' | 'unix';

/** All addresses of IPv6, which takes those of IPv4 in as well. */
const ALL_HOSTS = '::';
const ALL_IPV4 = '0.0.0.0';
const NAMES: ReadonlyMap<string, string> = new Map([
  ['localhost', '127.0.0.1'],
  ['*', ALL_HOSTS],
]);
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** The longest path of a Unix socket that everybody can connect to (unix(7)). */
export const MAX_PATH_BYTES = 107;

/**
 * A host in the one form that it is compared in: numbers of IPv4, numbers of IPv6 at their shortest, or an absolute
 * path; `localhost` and `*` stand for `127.0.0.1` and `::`. Undefined for what is none of these: a name would have
 * to be looked up, and could be another host's tomorrow.
 */
export function canonicalHost(host: string): string | undefined {
  const named = NAMES.get(host);
  if (named !== undefined) return named;
  if (host.startsWith('/')) {
    const isUsable = !host.endsWith('/') && !host.includes('\0');
    return isUsable && new TextEncoder().encode(host).length <= MAX_PATH_BYTES ? host : undefined;
  }
  if (IPV4.test(host)) return host.split('.').map(Number).join('.');
  return host.includes(':') ? shortest(host) : undefined;
}

/** The shortest form of an IPv6 address; undefined where it is none. */
function shortest(host: string): string | undefined {
  try {
    return new URL(`http://[${host}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}

/** The family of a host in its canonical form. */
export function familyOf(host: string): Family {
  if (host.startsWith('/')) return 'unix';
  return host.includes(':') ? 'ipv6' : 'ipv4';
}

/** Whether two sockets cannot be bound to these, unless both share their port. */
export function excludes(one: Address, other: Address): boolean {
  const family = familyOf(one.host);
  const otherFamily = familyOf(other.host);
  if (family === 'unix' || otherFamily === 'unix') return one.host === other.host;
  if (one.protocol !== other.protocol || one.port !== other.port) return false;
  return one.host === other.host || isAll(one.host, otherFamily) || isAll(other.host, family);
}

/** Whether a host is all that there are of a family. */
function isAll(host: string, family: Family): boolean {
  return host === ALL_HOSTS || (host === ALL_IPV4 && family === 'ipv4');
}

/** For people: `127.0.0.1:8080`, `[::1]:53/udp`, `/run/web.sock`. */
export function showAddress({ protocol, host, port }: Address): string {
  const family = familyOf(host);
  if (family === 'unix') return host;
  return `${family === 'ipv6' ? `[${host}]` : host}:${port}${protocol === 'udp' ? '/udp' : ''}`;
}

/** Whether two addresses are the same. */
export function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port && one.protocol === other.protocol;
}
