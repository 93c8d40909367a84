import net from 'node:net';
import { describeErrno } from '../../base/errno.ts';
import type { Network, Refused } from '../network.ts';
import type { Cancel } from '../sys.ts';

/** Of the answer to a GET only the status counts; a body is not waited for. */
function request(url: string, done: (status: number | undefined, why: Refused) => void): Cancel {
  let abort: (() => void) | undefined;
  let isOver = false;
  const tell = (status: number | undefined, why: Refused): void => {
    if (isOver) return;
    isOver = true;
    abort?.();
    done(status, why);
  };
  const isSecure = url.startsWith('https:');
  /* Loaded at the first probe: most supervisors never need them. */
  const loading = isSecure ? import('node:https') : import('node:http');
  void loading.then(({ default: client }) => {
    if (isOver) return;
    try {
      const sent = client.get(url, { agent: false, rejectUnauthorized: false }, (response) => {
        tell(response.statusCode, undefined);
      });
      abort = () => sent.destroy();
      sent.on('error', (error) => tell(undefined, sentence(error)));
    } catch (error) {
      tell(undefined, String(error));
    }
  });
  return () => {
    isOver = true;
    abort?.();
  };
}

function sentence(error: NodeJS.ErrnoException): string {
  return error.code === undefined ? error.message : describeErrno(error.code);
}

/** `Sys.network`. */
export const realNetwork: Network = {
  reach(host, port, done) {
    const socket = net.connect({ host, port });
    let isOver = false;
    const tell = (why: Refused): void => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      done(why);
    };
    socket.on('connect', () => tell(undefined)).on('error', (error) => tell(sentence(error)));
    return () => {
      isOver = true;
      socket.destroy();
    };
  },

  get: request,
};
