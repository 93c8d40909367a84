import type { Surroundings, UnitDefinition } from '../../config/definition.ts';
import { MOST_ENV_FILE_BYTES } from '../../config/env-file-mark.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Words } from '../../base/words.ts';
import { fieldOf, fieldOfText } from '../../protocol/bytes.ts';
import type { Sys } from '../../sys/sys.ts';
import type { Launch } from '../launch.ts';
import type { HeldPorts } from '../ports/held-ports.ts';
import type { OwnBinding } from '../ports/own-binding.ts';
import { readEnvFile } from './env-file.ts';

/** What a process of a configured unit is made with, beside its definition. */
export interface LaunchBase {
  readonly sys: Sys;
  readonly baseEnv: ReadonlyMap<string, string>;
  readonly socket: string;
  /** As whom archond runs. */
  readonly uid: number;
  readonly ports: HeldPorts;
  readonly binding: OwnBinding;
}

/** Why a process cannot be made: the errno's name, and a sentence. */
export interface LaunchFault {
  readonly code: string;
  readonly message: string;
}

/**
 * How the next process of a unit of the configuration is made, or one of its commands, where `words` are given.
 * Files of settings are read anew each time.
 */
export function launchOf(
  base: LaunchBase,
  definition: UnitDefinition,
  words: Words = definition.words,
): Result<Launch, LaunchFault> {
  const { surroundings, label } = definition;
  const env = environmentOf(base, label, surroundings);
  if (!env.ok) return env;
  const { cwd, runAs, umask, nice, oomScoreAdjust, noNewPrivileges, rlimits, tty } = surroundings;
  const [program, ...rest] = words;
  return ok({
    words: [fieldOfText(program), ...rest.map(fieldOfText)],
    env: env.value,
    cwd: fieldOfText(cwd),
    ...(runAs === undefined ? {} : { user: runAs }),
    ...(umask === undefined ? {} : { umask }),
    ...(nice === undefined ? {} : { nice }),
    ...(oomScoreAdjust === undefined ? {} : { oomScoreAdjust }),
    ...(noNewPrivileges ? { noNewPrivileges } : {}),
    ...(rlimits.length === 0 ? {} : { limits: rlimits.map(limitOf) }),
    ...(tty === undefined ? {} : { tty: fieldOfText(tty) }),
  });
}

function environmentOf(
  { sys, baseEnv, socket, ports }: LaunchBase,
  label: string,
  { env, envFiles, cleanEnv }: Surroundings,
): Result<ReadonlyMap<string, string>, LaunchFault> {
  const all = new Map<string, string>(cleanEnv ? [] : baseEnv);
  all.set('ARCHON_LABEL', label).set('ARCHON_SOCKET', fieldOfText(socket));
  for (const [name, value] of ports.settingsOf(label)) all.set(name, fieldOfText(value));
  for (const file of envFiles) {
    const read = sys.files.read(file, 0, MOST_ENV_FILE_BYTES);
    if (!read.ok)
      return err({ code: read.error.code, message: `env-file ${file} cannot be read: ${read.error.code}` });
    const settings = readEnvFile(fieldOf(read.value));
    if (!settings.ok)
      return err({
        code: 'EINVAL',
        message: `env-file ${file}, line ${String(settings.error.line)}: NAME=value was expected`,
      });
    for (const [name, value] of settings.value) all.set(name, value);
  }
  for (const [name, value] of env) all.set(name, fieldOfText(value));
  return ok(all);
}

function limitOf({
  resource,
  soft,
  hard,
}: Surroundings['rlimits'][number]): NonNullable<Launch['limits']>[number] {
  const number = (value: number | 'unlimited'): number => (value === 'unlimited' ? Infinity : value);
  return { resource, soft: number(soft), hard: number(hard) };
}
