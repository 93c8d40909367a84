import comments from '@eslint-community/eslint-plugin-eslint-comments';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { importMatrix } from './scripts/import-matrix.mjs';

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'performance'];
const SYSTEM = ['process', 'fetch', 'WebSocket', 'navigator', 'Worker'];

/**
 * @param {readonly string[]} names
 * @param {string} message
 */
const banGlobals = (names, message) => names.map((name) => ({ name, message }));

/**
 * Time and chance come in as arguments everywhere but behind the door to the operating system.
 *
 * @type {Partial<import('eslint').Linter.RulesRecord>}
 */
const noTimeNorChance = {
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Time comes from the clock of src/sys.' },
    { object: 'Math', property: 'random', message: 'Chance comes from src/sys.' },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: 'NewExpression[callee.name=Date][arguments.length=0]', message: 'Time comes from src/sys.' },
  ],
};

export default defineConfig(
  /* What examples supervise is as others would write it. */
  { ignores: ['dist/', 'build/', 'coverage/', 'examples/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  {
    files: ['**/*.ts', '**/*.mjs', '**/*.js'],
    extends: [
      js.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { project: 'test/tsconfig.json' } },
    plugins: {
      'import-x': importX,
      'eslint-comments': comments,
      archon: { rules: { 'import-matrix': importMatrix } },
    },
    settings: {
      'import-x/resolver-next': [createNodeResolver()],
      'import-x/extensions': ['.ts', '.mjs', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.mjs', '.js'] },
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/strict-boolean-expressions': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { allowDefaultCaseForExhaustiveSwitch: false, requireDefaultForNonUnion: true },
      ],
      'eslint-comments/disable-enable-pair': 'error',
      'eslint-comments/no-aggregating-enable': 'error',
      'eslint-comments/no-unlimited-disable': 'error',
      'eslint-comments/require-description': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-duplicates': 'error',
      'import-x/no-mutable-exports': 'error',
      'import-x/no-self-import': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400 }],
      'no-param-reassign': 'error',
      // The compiler knows every name, in JavaScript too.
      'no-undef': 'off',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'archon/import-matrix': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/sys/**', 'src/archonctl/**'],
    rules: {
      ...noTimeNorChance,
      'no-restricted-globals': ['error', ...banGlobals(TIMERS, 'Time comes from src/sys.')],
    },
  },
  {
    files: ['src/{logs,monitor,journal}/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...banGlobals(TIMERS, 'Time comes from src/sys.'),
        ...banGlobals(SYSTEM, 'Only src/sys touches the operating system.'),
      ],
    },
  },
  {
    files: ['src/{base,protocol,supervisor,portalloc,config,rules}/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...banGlobals([...TIMERS, 'Date'], 'Time comes in as an argument.'),
        ...banGlobals([...SYSTEM, 'Buffer'], 'This folder is plain ECMAScript; use Uint8Array for bytes.'),
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    rules: {
      // The linter does not see the casts that JavaScript writes as comments; the compiler does.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
