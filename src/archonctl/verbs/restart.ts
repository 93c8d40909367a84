import { giveOrder, ORDER_OPTIONS } from '../order.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl restart`. */
export const restart = defineVerb({
  name: 'restart',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: ORDER_OPTIONS,
  description:
    'Stops units and starts them again; one that is down is started. What depends on them goes down and comes ' +
    'back with them. Returns when all are up. Labels may be globs.',
  examples: [
    ['restart web', 'returns when it runs again'],
    ["restart --no-wait 'worker-*'", 'gives the order and returns at once'],
  ],
  async run(invocation) {
    return giveOrder(invocation, 'Restart');
  },
});
