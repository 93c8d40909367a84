import type { Network, Refused } from '../network.ts';
import type { Cancel } from '../sys.ts';
import type { View } from './view.ts';

/** What is known of the network: who answers, with which status where it is asked by HTTP. */
export interface FakeServers {
  /** `HOST:PORT` of everything that accepts connections. */
  readonly accepting: Set<string>;
  /** By URL: the status. */
  readonly pages: Map<string, number>;
  /** How long an answer, or a refusal, takes. */
  delayMs: number;
}

const NOBODY = 'ECONNREFUSED (Connection refused)';

/** `Sys.network`. */
export class FakeNetwork implements Network {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  reach(host: string, port: number, done: (why: Refused) => void): Cancel {
    this.#view.call('network.reach');
    const { servers } = this.#view.kernel;
    return this.#later(() => done(servers.accepting.has(`${host}:${port}`) ? undefined : NOBODY));
  }

  get(url: string, done: (status: number | undefined, why: Refused) => void): Cancel {
    this.#view.call('network.get');
    const { servers } = this.#view.kernel;
    return this.#later(() => {
      const status = servers.pages.get(url);
      done(status, status === undefined ? NOBODY : undefined);
    });
  }

  #later(action: () => void): Cancel {
    const { loop, servers } = this.#view.kernel;
    const cancel = loop.schedule(loop.nowMs() + servers.delayMs, () => {
      forget();
      action();
    });
    const forget = this.#view.atDeath(cancel);
    return () => {
      forget();
      cancel();
    };
  }
}
