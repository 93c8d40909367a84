import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { show } from '../base/show.ts';
import { decodeRecord } from './record.ts';

/** What the bind shim asks for (docs/bind-shim.org, "Where it asks"): a socket that is bound just there. */
export interface BindQuestion {
  readonly protocol: 'tcp' | 'udp';
  /** In numbers, as it was written. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** Of an IPv6 socket: without what comes by IPv4. */
  readonly isV6Only: boolean;
  /** The caller would share the port with others (SO_REUSEPORT). */
  readonly isShared: boolean;
}

const LINE_FEED = 0x0a;
const OPTIONS = { '@v6only=1': 'isV6Only', '@reuseport=1': 'isShared' } as const;

/** Reads a question, which is one record: `Bind,<protocol>,<host>,<port>[,@v6only=1][,@reuseport=1]`. */
export function readBindQuestion(bytes: Uint8Array): Result<BindQuestion, Failure> {
  const isEnded = bytes.at(-1) === LINE_FEED;
  const record = decodeRecord(isEnded ? bytes.subarray(0, -1) : bytes);
  if (!record.ok) return record;
  const [verb, protocol, host = '', digits = '', ...rest] = record.value;
  if (verb !== 'Bind') return refuse('unknown-verb', `${show(verb)} is nothing that can be asked here`);
  if (protocol !== 'tcp' && protocol !== 'udp')
    return refuse('bad-argument', `${show(protocol ?? '')} is neither tcp nor udp`);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) return refuse('bad-argument', `${show(digits)} is no port from 1 to 65535`);
  const found = { isV6Only: false, isShared: false };
  for (const option of rest) {
    if (!isOption(option)) return refuse('bad-argument', `${show(option)} is no option of Bind`);
    found[OPTIONS[option]] = true;
  }
  return ok({ protocol, host, port, ...found });
}

function isOption(field: string): field is keyof typeof OPTIONS {
  return Object.hasOwn(OPTIONS, field);
}
