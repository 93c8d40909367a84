import { isBuiltin } from 'node:module';
import path from 'node:path';

/**
 * Who may import whom, as a lint rule (docs/overview.org, the source map).
 *
 * Each folder of `src/` has a row; a folder without one may not exist, so that a new folder cannot
 * slip past the rule. `folders` and `types` name folders or single files below `src/`; what stands
 * in `types` may be imported as types only. `node` names built-in modules, `packages` those of npm.
 *
 * @typedef {object} Row
 * @property {readonly string[]} [folders]
 * @property {readonly string[]} [types]
 * @property {readonly string[] | 'any'} [node]
 * @property {readonly string[]} [packages]
 */

/** Built-in modules that compute and touch nothing outside the process. */
const PURE = ['node:path', 'node:url', 'node:util'];

/** What all that stands on the operating system's interface, but not on the system itself, may import. */
const ON_SYS = { folders: ['base', 'sys/sys.ts'], node: PURE };

/** @type {Readonly<Record<string, Row>>} */
export const MATRIX = {
  base: {},
  protocol: { folders: ['base'] },
  supervisor: { folders: ['base'] },
  portalloc: { folders: ['base'] },
  // Of the supervisor it has the types; beside them the defaults that go with them, and the graph.
  config: {
    folders: ['base', 'supervisor/unit.ts', 'supervisor/freeze.ts', 'supervisor/graph'],
    types: ['supervisor'],
    node: PURE,
    packages: ['yaml', 'zod'],
  },
  // node:vm bounds the time of a batch of rules; fengari is the Lua in which they run.
  rules: { folders: ['base'], node: [...PURE, 'node:vm'], packages: ['fengari'] },
  logs: ON_SYS,
  monitor: { ...ON_SYS, packages: ['pidusage'] },
  journal: { ...ON_SYS, packages: ['csv-parse', 'csv-stringify'] },
  sys: { folders: ['base'], node: 'any', packages: ['node-unix-socket'] },
  // A program of its own: what loads configurations, with its libraries, for archond and for checks; and rules for these.
  loader: { folders: ['base', 'config', 'rules', 'sys'], node: PURE },
  archond: {
    folders: [
      'base',
      'protocol',
      'supervisor',
      'portalloc',
      'config',
      'rules',
      'logs',
      'monitor',
      'journal',
      'sys',
      'loader',
    ],
    node: [...PURE, 'node:process'],
    packages: ['commander', 'pino'],
  },
  // The client stays small: of `sys` it has the dialer only, and the types that the dialer speaks in; the
  // loader is a file of its own that it loads for a check.
  archonctl: {
    folders: ['base', 'protocol', 'sys/dialer.ts', 'loader', 'config/complaint.ts'],
    types: ['sys/sys.ts'],
    node: [...PURE, 'node:process'],
    packages: ['commander', 'csv-stringify'],
  },
};

/**
 * The row's verdict on one import: undefined where it is allowed, else what the reader is told.
 *
 * @param {string} file path of the importing file relative to the project, with slashes
 * @param {string} specifier what stands between the quotes
 * @param {boolean} typeOnly
 * @returns {string | undefined}
 */
export function verdict(file, specifier, typeOnly) {
  const [, folder] = /^src\/(?:([^/]+)\/)?/.exec(file) ?? [];
  const row = folder === undefined ? undefined : MATRIX[folder];
  if (folder === undefined || row === undefined) return `${file} stands in no folder of the import matrix`;

  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    if (target.startsWith(`src/${folder}/`)) return undefined;
    /** @param {string} place */
    const covers = (place) => target === `src/${place}` || target.startsWith(`src/${place}/`);
    if (row.folders?.some(covers) === true) return undefined;
    if (row.types?.some(covers) !== true) return `src/${folder} may not import ${target}`;
    return typeOnly ? undefined : `src/${folder} may import types only from ${target}`;
  }
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}`;
    if (row.node === 'any' || row.node?.includes(specifier) === true) return undefined;
    return `src/${folder} may not import ${specifier}: only src/sys touches the operating system`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return row.packages?.includes(name) === true ? undefined : `src/${folder} may not import package ${name}`;
}

/** Every kind of node that names another module. */
const KINDS = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
];

/**
 * What these kinds have in common; typescript-eslint adds the two kinds to estree's nodes.
 *
 * @typedef {object} ImportNode
 * @property {string} type
 * @property {{ value?: unknown } | null} [source] null for an `export` of the module's own names
 * @property {string} [importKind]
 * @property {string} [exportKind]
 * @property {readonly ImportNode[]} [specifiers]
 */

/** @param {ImportNode} node */
const isTypeKind = (node) => node.importKind === 'type' || node.exportKind === 'type';

/**
 * The rule `archon/import-matrix`: holds for every form of import, `import()` and type imports too.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const importMatrix = {
  meta: { type: 'problem', schema: [], messages: { forbidden: '{{verdict}} (scripts/import-matrix.mjs)' } },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');

    /** @param {import('estree').Node} node */
    function check(node) {
      const found = /** @type {ImportNode} */ (node);
      if (found.source === null || found.source === undefined) return;
      const { value } = found.source;
      const { type, specifiers = [] } = found;
      const named = specifiers.length > 0 && specifiers.every(isTypeKind);
      const typeOnly = type === 'TSImportType' || isTypeKind(found) || named;
      const said =
        typeof value === 'string'
          ? verdict(file, value, typeOnly)
          : `src names what it imports as a plain string`;
      if (said !== undefined) context.report({ node, messageId: 'forbidden', data: { verdict: said } });
    }

    return Object.fromEntries(KINDS.map((kind) => [kind, check]));
  },
};
