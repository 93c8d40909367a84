import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessRefusal } from '../../src/protocol/access.ts';
import { roleOf, type AccessEntry, type Peer } from '../../src/protocol/role.ts';
import { VERBS, type Verb } from '../../src/protocol/verbs.ts';

const verbs = Object.keys(VERBS) as Verb[];
const SUPERVISOR_UID = 900;
const peer = (uid: number, gid = 100, ...groups: number[]): Peer => ({ uid, gid, groups });

describe('the role of a peer', () => {
  const entries: readonly AccessEntry[] = [
    { kind: 'user', uid: 1000, role: 'read' },
    { kind: 'user', uid: 1001, role: 'control' },
    { kind: 'group', gid: 50, role: 'read' },
    { kind: 'group', gid: 60, role: 'control' },
  ];

  test.each([
    ['root', peer(0), 'owner'],
    ['the own user of the supervisor', peer(SUPERVISOR_UID), 'owner'],
    ['a user who may read', peer(1000), 'read'],
    ['a user who may control', peer(1001), 'control'],
    ['a member of a group by its first group', peer(2000, 50), 'read'],
    ['a member of a group by another', peer(2000, 100, 7, 60), 'control'],
    ['a reader in a group that may control', peer(1000, 60), 'control'],
    ['one of two groups', peer(2000, 50, 60), 'control'],
    ['nobody of whom anything is said', peer(2000), 'none'],
    ['a user whose number is that of a group', peer(50), 'none'],
    ['a group whose number is that of a user', peer(2000, 1001), 'none'],
  ] as const)('%s', (_, who, role) => {
    expect(roleOf(who, SUPERVISOR_UID, entries)).toBe(role);
  });

  test('is none for all but the owners where nothing is configured', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 899 }),
        (uid) => roleOf(peer(uid), SUPERVISOR_UID, []) === 'none',
      ),
    );
  });
});

describe('a request', () => {
  const allowed = (role: Parameters<typeof accessRefusal>[0]): Verb[] =>
    verbs.filter((verb) => accessRefusal(role, verb) === undefined);

  test('of root and the own user is never denied', () => {
    expect(allowed('owner')).toEqual(verbs);
  });

  test('of one who is not admitted is always denied', () => {
    expect(allowed('none')).toEqual([]);
    expect(accessRefusal('none', 'Version')).toEqual({
      code: 'denied',
      message: 'your user is not admitted: the configuration names who is, under access',
    });
  });

  test('that the page denies by name is denied to all but the owners', () => {
    for (const verb of [
      'Port',
      'Link',
      'Unlink',
      'Reload',
      'Shutdown',
      'Reboot',
      'PowerOff',
      'Halt',
      'Upgrade',
    ] as const) {
      expect(accessRefusal('control', verb)).toEqual({
        code: 'denied',
        message: `${verb} is for root and the user of the supervisor; yours is the role control`,
      });
    }
  });

  test('of a reader looks or subscribes, and starts and stops nothing', () => {
    for (const verb of ['List', 'Status', 'Usage', 'History', 'Subscribe', 'Events', 'Log'] as const)
      expect(allowed('read')).toContain(verb);
    expect(accessRefusal('read', 'Stop')).toEqual({
      code: 'denied',
      message: 'Stop is for users of the role control; yours is the role read',
    });
    expect(allowed('read').filter((verb) => VERBS[verb].starts)).toEqual([]);
  });

  test('of one who may control includes all that a reader may ask', () => {
    expect(allowed('control')).toEqual(expect.arrayContaining(allowed('read')));
  });

  test('needs the role that docs/protocol.org says', () => {
    const page = readFileSync(new URL('../../docs/protocol.org', import.meta.url), 'utf8');
    const section = page.slice(page.indexOf('* Who may do what'));
    const named = (beginning: string): string[] => {
      const item = section.slice(section.indexOf(beginning)).split(/\n- /)[0] ?? '';
      return [...item.matchAll(/=([A-Z][A-Za-z]+)=/g)].map(([, verb = '']) => verb).sort();
    };
    const withRole = (role: string): Verb[] => verbs.filter((verb) => VERBS[verb].role === role).sort();
    expect(named('=read=:')).toEqual(withRole('read'));
    expect(named('=control=, beside')).toEqual(withRole('control'));
    expect(named('During a shutdown')).toEqual(verbs.filter((verb) => VERBS[verb].starts).sort());
  });
});
