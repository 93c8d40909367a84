import { giveOrder, ORDER_OPTIONS } from '../order.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl stop`. */
export const stop = defineVerb({
  name: 'stop',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: { ...ORDER_OPTIONS, disable: { help: 'and do not start it with the supervisor any more' } },
  description:
    'Stops units and waits until nothing of what they started is left. A unit that others need is not stopped: ' +
    'they are named, and --force stops them too. Labels may be globs.',
  examples: [
    ['stop web', 'asks it to end, and kills it where it does not'],
    ["stop --force 'db*'", 'with all that needs them'],
  ],
  async run(invocation) {
    return giveOrder(invocation, 'Stop', invocation.given.disable === true ? ['@disable=1'] : []);
  },
});
