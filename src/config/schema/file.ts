import * as z from 'zod/mini';
import { anyText, leaf } from './leaf.ts';
import { err, ok } from '../../base/result.ts';
import { oneOf, path, text } from './scalars.ts';
import { keys, list, named, oneOrMore } from './shapes.ts';
import { unit } from './unit.ts';

/** The name of a parameter. */
export const PARAMETER_NAME = /^[a-z][a-z0-9_.-]*$/;

/** What a label is made of, for editors; the loader says more exactly what is wrong with one (base/label.ts). */
const LABEL = /^[A-Za-z0-9_.:+][A-Za-z0-9_.:/@+-]{0,254}$/;
const MONITOR_NAME = LABEL;

const version = leaf('1, the version of this format', { enum: [1, '1'] }, (found) =>
  found === '1' ? ok(found) : err(undefined),
);

const portPool = leaf(
  'a range of ports such as 20000-20999',
  { type: 'string', pattern: String.raw`^[0-9]{1,5}\s*-\s*[0-9]{1,5}$|\{` },
  (found) => {
    const [, first = '', last = ''] = /^([0-9]{1,5})\s*-\s*([0-9]{1,5})$/.exec(found) ?? [];
    const pool = { first: Number(first), last: Number(last) };
    return pool.first >= 1 && pool.first <= pool.last && pool.last <= 65_535 ? ok(pool) : err(undefined);
  },
);

const accessRule = keys('a mapping such as {group: operators, role: control}', {
  user: z.optional(text('a user, by name or number')),
  group: z.optional(text('a group, by name or number')),
  role: oneOf('read', 'control'),
});

const monitor = keys('a mapping such as {exe: /usr/sbin/sshd}', {
  exe: z.optional(text('a pattern')),
  command: z.optional(text('a pattern')),
  user: z.optional(text('a user, by name or number')),
});

/** What may stand in a file beside its units. */
const REST = {
  version: z.optional(version),
  params: z.optional(named('names of parameters ([a-z][a-z0-9_.-]*)', PARAMETER_NAME, anyText('a text'))),
  include: z.optional(oneOrMore('files', text('a file, or a pattern for files'))),
  access: z.optional(list('rules', accessRule)),
  ports: z.optional(keys('a mapping such as {pool: 20000-20999}', { pool: z.optional(portPool) })),
  monitor: z.optional(named('names', MONITOR_NAME, monitor)),
  rc: z.optional(path),
};

/** A file without its units: what the loader reads first. The keys `defaults` and `units` are read one by one behind it. */
export const head = keys('a mapping with the keys of a configuration', {
  ...REST,
  defaults: z.optional(z.unknown()),
  units: z.optional(z.unknown()),
});

export type HeadSettings = z.output<typeof head>;

/** A whole file, for editors. */
export const file = keys('a mapping with the keys of a configuration', {
  version: REST.version,
  params: REST.params,
  defaults: z.optional(unit),
  include: REST.include,
  access: REST.access,
  ports: REST.ports,
  units: z.optional(named('labels', LABEL, unit)),
  monitor: REST.monitor,
  rc: REST.rc,
});
