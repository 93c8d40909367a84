import { flagUnits } from '../enabling.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl disable`. */
export const disable = defineVerb({
  name: 'disable',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {},
  description:
    'From now on these units are not started with the supervisor, whatever their configuration says. Nothing is stopped ' +
    'now. What is enabled and needs or wants one of them starts it all the same, and is named.',
  examples: [
    ['disable web', 'it stays down at the next boot'],
    ["disable 'worker@*'", 'all instances'],
  ],
  async run(invocation) {
    return flagUnits(invocation, 'Disable');
  },
});
