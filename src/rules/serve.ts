import type { Ask } from './ask.ts';
import { RuleHost, type HostTools } from './host.ts';
import type { FromHost, ToHost } from './messages.ts';

/** Asks do not wait longer than this for those that come after them: a rule may take its time. */
const POST_AFTER_MS = 5;

/** A host behind messages: takes them one after the other, each to its end. */
export function serveRules(
  tools: Omit<HostTools, 'ask'>,
  post: (message: FromHost) => void,
): (message: ToHost) => void {
  let asks: Ask[] = [];
  let sinceMs = 0;
  const send = (done: ToHost['kind'] | undefined): void => {
    const sent = asks;
    asks = [];
    post({ asks: sent, done });
  };
  const host = new RuleHost({
    ...tools,
    ask: (ask) => {
      if (asks.length === 0) sinceMs = tools.wallMs();
      asks.push(ask);
      if (tools.wallMs() - sinceMs > POST_AFTER_MS) send(undefined);
    },
  });
  return (message) => {
    carryOut(host, message);
    send(message.kind);
  };
}

function carryOut(host: RuleHost, message: ToHost): void {
  if (message.kind !== 'load') host.learn(message.units);
  switch (message.kind) {
    case 'load':
      for (const name of message.gone) host.drop(name);
      for (const { name, text } of message.files) host.load(name, text);
      return;
    case 'units':
      return;
    case 'offer':
      host.offer(message.offers);
      return;
    case 'scan':
      host.scan();
      return;
    case 'fire':
      host.fire(message.timer);
      return;
    case 'ended':
      host.ended(message.waiter, message.end);
  }
}
