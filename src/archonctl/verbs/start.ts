import { giveOrder, ORDER_OPTIONS } from '../order.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl start`. */
export const start = defineVerb({
  name: 'start',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: ORDER_OPTIONS,
  description:
    'Starts units, what they need first, and waits until each is running or has finished. Ends with 1 at the ' +
    'first attempt that fails; further attempts go on. Labels may be globs.',
  examples: [
    ['start web db', 'returns when both run'],
    ["start 'worker-*' --timeout 30s", 'all whose label begins so, within half a minute'],
  ],
  async run(invocation) {
    return giveOrder(invocation, 'Start');
  },
});
