import * as z from 'zod/mini';
import { file } from './file.ts';
import { jsonOf, type JsonSchema } from './leaf.ts';

/** An address for people; nothing is fetched from it. */
const ID = 'archon.schema.json';

/**
 * The schema of a configuration file as a JSON Schema (draft 2020-12), for editors. What only the loader can
 * know (other files, users, whether keys contradict each other) is not in it.
 */
export function jsonSchema(): JsonSchema {
  const { $schema, ...made } = z.toJSONSchema(file, {
    io: 'input',
    reused: 'ref',
    override: ({ zodSchema, jsonSchema: part }) => {
      const described = jsonOf(zodSchema);
      if (described === undefined) return;
      for (const key of Object.keys(part)) Reflect.deleteProperty(part, key);
      Object.assign(part, described);
    },
  });
  const title = 'Archon configuration file, version 1';
  return { $schema, $id: ID, title, ...(orNull(made) as JsonSchema) };
}

/** A key whose value is empty is as good as absent, wherever it stands. */
function orNull(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(orNull);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]): [string, unknown] => {
      if (key === 'properties') {
        return [
          key,
          Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, nullable(one)])),
        ];
      }
      return [
        key,
        key === 'additionalProperties' && typeof value === 'object' ? nullable(value) : orNull(value),
      ];
    }),
  );
}

function nullable(part: unknown): unknown {
  return { anyOf: [orNull(part), { type: 'null' }] };
}
