import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Ports } from '../ports.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { readListeners } from './listeners.ts';
import { numbers, received } from './reactor.ts';

/** Bits of `bindPort`. */
const DATAGRAM = 1;
const REUSE_PORT = 2;

/** `Sys.ports`. */
export const realPorts: Ports = {
  bind({ protocol, host, port }, { backlog, reusePort = false }) {
    const options = (protocol === 'udp' ? DATAGRAM : 0) | (reusePort ? REUSE_PORT : 0);
    return nativeResult(native.bindPort(Buffer.from(host), port, options, backlog));
  },

  addressOf(descriptor) {
    const bytes = native.portAddress(descriptor);
    const error = nativeError(bytes);
    if (error !== undefined) return err(error);
    const [port = 0, isDatagram = 0] = numbers;
    const host = Buffer.from(received.subarray(0, bytes)).toString();
    return ok({ protocol: isDatagram === 1 ? 'udp' : 'tcp', host, port });
  },

  regain(pid, { protocol, host, port }) {
    return nativeResult(native.regainPort(pid, Buffer.from(host), port, protocol === 'udp' ? DATAGRAM : 0));
  },

  listeners(done) {
    void readListeners().then(done);
  },
};
