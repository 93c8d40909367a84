import { askForCount } from '../counted.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl forget`. */
export const forget = defineVerb({
  name: 'forget',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {},
  description:
    'Ends the records of commands and daemons that are down, and the watch of processes that are only monitored. ' +
    'What is up is refused, or passed over where a glob selected it.',
  examples: [
    ['forget web', 'its label is free, its last exit is gone'],
    ["forget '*'", 'all that is down'],
  ],
  async run(invocation) {
    return askForCount(invocation, ['Forget', ...invocation.words], false, (units) => `forgot ${units}`);
  },
});
