import path from 'node:path';
import { expect } from 'vitest';
import type { Controller, WhyNoController } from '../../src/base/controllers.ts';
import { err, ok } from '../../src/base/result.ts';
import { showComplaint, type Complaint } from '../../src/config/complaint.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { UnitDefinition } from '../../src/config/definition.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { ConfigSystem, ConfigUser } from '../../src/config/system.ts';

/** Where a single text lies. */
export const FILE = '/etc/archon/archon.yaml';

const USERS: Readonly<Record<string, ConfigUser>> = {
  root: { uid: 0, gid: 0, groups: [0] },
  daemon: { uid: 1, gid: 1, groups: [1] },
  www: { uid: 33, gid: 33, groups: [33, 100] },
  postgres: { uid: 110, gid: 115, groups: [115, 116] },
};
const GROUPS: Readonly<Record<string, number>> = { root: 0, www: 33, operators: 200, users: 100 };

/** Controllers that cannot be had, and why. */
type Without = Partial<Record<Controller, WhyNoController>>;

/** A system that has these files, and the users and groups above. Files are texts, bytes, or the name of an errno. */
export function systemOf(
  files: Readonly<Record<string, string | Uint8Array | { readonly code: string }>>,
  without: Without = {},
): ConfigSystem {
  const folders = new Set(Object.keys(files).flatMap((file) => parentsOf(file)));
  return {
    uid: 0,
    gid: 0,
    read(file, mostBytes) {
      const found = files[file];
      if (found === undefined) return err({ code: folders.has(file) ? 'EISDIR' : 'ENOENT' });
      if (typeof found === 'object' && 'code' in found) return err(found);
      const bytes = typeof found === 'string' ? new TextEncoder().encode(found) : found;
      return ok(bytes.subarray(0, mostBytes));
    },
    list(folder) {
      if (!folders.has(folder)) return err({ code: folder in files ? 'ENOTDIR' : 'ENOENT' });
      const children = [...Object.keys(files), ...folders].filter(
        (name) => path.posix.dirname(name) === folder && name !== folder,
      );
      return ok(children.map((name) => path.posix.basename(name)).reverse());
    },
    kindOf(name) {
      if (folders.has(name)) return ok('folder');
      return name in files ? ok('file') : err({ code: 'ENOENT' });
    },
    whyWithout: (controller) => without[controller],
    user(nameOrUid, done) {
      const found = USERS[nameOrUid] ?? Object.values(USERS).find(({ uid }) => String(uid) === nameOrUid);
      queueMicrotask(() => done(found));
    },
    group(nameOrGid, done) {
      const found = GROUPS[nameOrGid] ?? Object.values(GROUPS).find((gid) => String(gid) === nameOrGid);
      queueMicrotask(() => done(found));
    },
  };
}

function parentsOf(file: string): string[] {
  const parent = path.posix.dirname(file);
  return parent === file ? [] : [parent, ...parentsOf(parent)];
}

/** The configuration of one text, or of several files of which the first is given on the command line. */
export async function load(
  text: string | Readonly<Record<string, string>>,
  paths?: readonly string[],
  without: Without = {},
): Promise<Configuration> {
  const result = await tryLoad(text, paths, without);
  if (!result.ok) throw new Error(result.error.map(showComplaint).join('\n'));
  return result.value;
}

/** The complaints about it; there must be some. */
export async function complaintsAbout(
  text: string | Readonly<Record<string, string | Uint8Array | { readonly code: string }>>,
  paths?: readonly string[],
  without: Without = {},
): Promise<readonly Complaint[]> {
  const result = await tryLoad(text, paths, without);
  expect(result.ok, 'it was to be complained about').toBe(false);
  return result.ok ? [] : result.error;
}

/** Them as lines, without the folder of the file. */
export async function linesAbout(...about: Parameters<typeof complaintsAbout>): Promise<readonly string[]> {
  const complaints = await complaintsAbout(...about);
  return complaints.map((complaint) =>
    showComplaint(complaint).replaceAll(`${path.posix.dirname(FILE)}/`, ''),
  );
}

async function tryLoad(
  text: string | Readonly<Record<string, string | Uint8Array | { readonly code: string }>>,
  paths: readonly string[] | undefined,
  without: Without,
): ReturnType<typeof loadConfiguration> {
  const files = typeof text === 'string' ? { [FILE]: text } : text;
  const [first = FILE] = Object.keys(files);
  return loadConfiguration(paths ?? [first], systemOf(files, without), { logDir: '/var/log/archon' });
}

/** The unit of these keys, the command being `true` where there is none. */
export async function unitOf(keys: string): Promise<UnitDefinition> {
  const { units } = await load(fileOf(keys));
  const [unit] = units;
  if (unit === undefined) throw new Error('there is no unit');
  return unit;
}

/** A file with a unit `web` of these keys. */
export function fileOf(keys: string): string {
  const program = /^(?:command|script):/m.test(keys) ? '' : 'command: "true"\n';
  const lines = `${program}${keys}`.split('\n').map((line) => (line === '' ? line : `    ${line}`));
  return `units:\n  web:\n${lines.join('\n')}\n`;
}
