import { EventFollower } from '../follow-events.ts';
import { printJson } from '../print/document.ts';
import { eventJson, eventLine } from '../print/event.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl subscribe`: what happens from now on. */
export const subscribe = defineVerb({
  name: 'subscribe',
  operands: ['[glob]'],
  order: 'options-anywhere',
  options: { follow: { short: 'f', help: 'go on; it does so in any case' } },
  description:
    'Prints events as they happen, until it is interrupted or the supervisor shuts down. When the supervisor dies and ' +
    'comes back, nothing is missing and nothing comes twice.',
  examples: [
    ["subscribe -f 'web*'", 'what happens to units whose label begins so'],
    ['subscribe --json', 'one object a line'],
  ],
  async run(invocation) {
    const { words, globals, screen } = invocation;
    const follower = new EventFollower(invocation, words, (event) => {
      if (globals.format === 'json') printJson(screen, eventJson(event));
      else screen.out(eventLine(event));
    });
    return follower.follow(undefined);
  },
});
