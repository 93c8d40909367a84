import { describe, expect, it } from 'vitest';
import {
  GLOBAL_OPTIONS,
  readGlobals,
  variableOf,
  type Globals,
} from '../../../src/archonctl/options/global.ts';
import type { Given } from '../../../src/archonctl/options/option.ts';

type Env = Readonly<Record<string, string>>;

function read(given: Given<typeof GLOBAL_OPTIONS>, env: Env = {}): Globals | string {
  const globals = readGlobals(given, env);
  return globals.ok ? globals.value : globals.error.message;
}

const PLAIN: Globals = { socket: undefined, format: 'people', timeoutMs: undefined, wantsColour: true };

describe('the global options', () => {
  it('are for people, in colour and without limit where nothing is said', () => {
    expect(read({})).toEqual(PLAIN);
    expect(read({}, { ARCHON_JSON: '0', ARCHON_CSV: '', ARCHON_TIMEOUT: '', NO_COLOR: '' })).toEqual(PLAIN);
  });

  it('come from the command line or from the environment', () => {
    const all = { socket: undefined, format: 'json', timeoutMs: 5000, wantsColour: false };
    expect(read({ json: true, timeout: '5s', 'no-color': true })).toEqual(all);
    expect(read({}, { ARCHON_JSON: '1', ARCHON_TIMEOUT: '5s', ARCHON_NO_COLOR: '1' })).toEqual(all);
    expect(read({ socket: '/s' })).toEqual({ ...PLAIN, socket: '/s' });
  });

  it('are decided by the command line where both speak', () => {
    expect(read({ csv: true, timeout: '1s' }, { ARCHON_JSON: '1', ARCHON_TIMEOUT: '9s' })).toEqual({
      ...PLAIN,
      format: 'csv',
      timeoutMs: 1000,
    });
  });

  it('leave colour to NO_COLOR and to a terminal that has none', () => {
    expect(read({}, { NO_COLOR: '1' })).toEqual({ ...PLAIN, wantsColour: false });
    expect(read({}, { TERM: 'dumb' })).toEqual({ ...PLAIN, wantsColour: false });
  });

  it.each<[string, Given<typeof GLOBAL_OPTIONS>, Env, string]>([
    ['two formats', { json: true, csv: true }, {}, 'choose one of --json and --csv'],
    [
      'two formats in the environment',
      {},
      { ARCHON_JSON: '1', ARCHON_CSV: '1' },
      'choose one of --json and --csv',
    ],
    ['a flag that is neither', {}, { ARCHON_JSON: 'yes' }, "ARCHON_JSON is 'yes': set it to 1 or 0"],
    ['an empty socket', { socket: '' }, {}, '--socket is empty: write the path of a socket'],
    [
      'no duration',
      {},
      { ARCHON_TIMEOUT: 'soon' },
      "'soon' is not a duration: write 250ms, 5s, 2m, 1h or 1d",
    ],
  ])('refuse %s', (_, given, env, message) => {
    expect(read(given, env)).toBe(message);
  });

  it('each have a variable of their name', () => {
    expect(Object.keys(GLOBAL_OPTIONS).map(variableOf)).toEqual([
      'ARCHON_SOCKET',
      'ARCHON_JSON',
      'ARCHON_CSV',
      'ARCHON_TIMEOUT',
      'ARCHON_NO_COLOR',
    ]);
  });
});
