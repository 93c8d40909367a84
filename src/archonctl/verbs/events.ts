import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { consult, settle } from '../consult.ts';
import { EventFollower } from '../follow-events.ts';
import { instantOption, isNoSpan } from '../options/instant.ts';
import { printCsv, printJson } from '../print/document.ts';
import { EVENT_FIELDS, eventJson, eventLine, eventRow } from '../print/event.ts';
import { eventTable } from '../story/event-table.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl events`. */
export const events = defineVerb({
  name: 'events',
  operands: ['[glob]'],
  order: 'options-anywhere',
  options: {
    after: { value: 'POSITION', help: 'only what came behind it: the number of an event, or JOURNAL:NUMBER' },
    follow: { short: 'f', help: 'go on with what happens, until interrupted' },
    since: instantOption(
      'not those before this instant, such as 10m (ago), 04:15, yesterday, 2026-11-30T04:15',
    ),
    until: instantOption('not those after this instant'),
    last: {
      value: 'N',
      help: 'only the last so many',
      check: (text) =>
        /^\d{1,9}$/.test(text) ? ok(text) : refuse('bad-argument', `${show(text)} is not a number of events`),
    },
    kind: { value: 'KIND', help: 'only those of this kind, such as exited' },
  },
  description:
    'Prints what has happened to units, oldest first: number, time, label, kind, what it was, and the event or the request ' +
    'that led to it. With -f each event is a line with its details as they are.',
  examples: [
    ['events --last 20', 'the latest'],
    ["events -f --last 5 'web*'", 'the latest of these units, and what happens to them'],
    ['events --since yesterday --until today', 'what happened on that day'],
    ["events 'web*' --kind exited", 'every end of a unit whose label begins so'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    if (isNoSpan(given, screen)) return EXIT.wrongUse;
    const options = [
      ...(given.after === undefined ? [] : [`@after=${given.after}`]),
      ...(given.since === undefined ? [] : [`@since=${given.since}`]),
      ...(given.until === undefined ? [] : [`@until=${given.until}`]),
      ...(given.last === undefined ? [] : [`@last=${given.last}`]),
      ...(given.kind === undefined ? [] : [`@kind=${given.kind}`]),
    ];
    if (given.follow === true) {
      const follower = new EventFollower(invocation, words, (event) => {
        if (given.kind !== undefined && event.kind !== given.kind) return;
        if (globals.format === 'json') printJson(screen, eventJson(event));
        else screen.out(eventLine(event));
      });
      return follower.follow(options);
    }
    const answers = await consult(invocation, [{ fields: ['Events', ...words, ...options] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    const found = (answer?.data ?? []).flatMap((one) => (one.kind === 'event' ? [one.event] : []));
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    if (globals.format === 'json') printJson(screen, { events: found.map(eventJson) });
    else if (globals.format === 'csv') await printCsv(screen, EVENT_FIELDS, found.map(eventRow));
    else if (found.length > 0)
      screen.out(eventTable(found, { columns: screen.columns(), isColoured: screen.isColoured() }));
    return settle(invocation, answers.value);
  },
});
