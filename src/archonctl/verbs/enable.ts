import { flagUnits } from '../enabling.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl enable`. */
export const enable = defineVerb({
  name: 'enable',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {},
  description:
    'From now on these units are started with the supervisor, whatever their configuration says. Nothing is started now.',
  examples: [
    ['enable web', 'it comes up at the next boot'],
    ["enable 'worker@*'", 'all instances'],
  ],
  async run(invocation) {
    return flagUnits(invocation, 'Enable');
  },
});
