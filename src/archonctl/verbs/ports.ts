import { printRecords, type Records } from '../print/records.ts';
import { defineVerb } from '../verb.ts';

const FIELDS = ['name', 'protocol', 'host', 'port', 'holder', 'state'] as const;

const PORTS: Records<(typeof FIELDS)[number]> = {
  kind: 'Port',
  fields: FIELDS,
  columns: [
    { field: 'name', title: 'NAME', isLong: true },
    { field: 'protocol', title: 'PROTOCOL' },
    { field: 'host', title: 'HOST', isLong: true },
    { field: 'port', title: 'PORT', isNumber: true },
    { field: 'holder', title: 'HOLDER', isLong: true },
    { field: 'state', title: 'STATE' },
  ],
  number: 'port',
  list: 'ports',
  none: 'there is no port',
};

/** `archonctl ports`. */
export const ports = defineVerb({
  name: 'ports',
  operands: [],
  order: 'options-anywhere',
  options: {},
  description:
    'Lists the ports of units and those that were asked for, then whatever else listens on this host. held: bound, ' +
    'and no process has it open; open: a process has; failed: it cannot be bound, and who has it; stranger: nothing ' +
    'of it is known here. Of processes of other users only root sees who they are.',
  examples: [
    ['ports', 'a table'],
    ['ports --json', 'one object {"ports": [...]}'],
    ['ports --csv', 'with a header'],
  ],
  run: async (invocation) => printRecords(invocation, 'Ports', PORTS),
});
