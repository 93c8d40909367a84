/* The front: reads the command line, prepares the folders, and becomes the keeper. */
import path from 'node:path';
import { BIND_SHIM } from '../sys/bind-shim.ts';
import { becomeProgram } from '../sys/real/exec.ts';
import { realFiles } from '../sys/real/files.ts';
import { describeErrno } from '../base/errno.ts';
import { checkConfiguration } from './check.ts';
import { configurationPaths, usualRules } from '../loader/usual.ts';
import { places, type Surroundings } from './defaults.ts';
import { readFlags, type Flags } from './flags.ts';
import { KEEPER_VARIABLE, SETTINGS_VARIABLE, type KeeperCommand, type Settings } from './settings.ts';

const KEEPER = path.join(import.meta.dirname, '../../build/native/keeper');
const DECIDE = path.join(import.meta.dirname, 'decide.cjs');

function fail(message: string): never {
  process.stderr.write(`archond: ${message}\n`);
  process.exit(1);
}

/** A supervisor with a state folder of its own is not the host's, whoever started it. */
function rulesOf(flags: Flags, { uid, cwd }: Surroundings, config: readonly string[]): string | undefined {
  if (flags.rules !== undefined) return path.resolve(cwd, flags.rules);
  return flags.state !== undefined && config.length === 0 ? undefined : usualRules(config, uid);
}

function settingsOf(flags: Flags): Settings {
  const surroundings = { uid: process.getuid?.() ?? 0, env: process.env, cwd: process.cwd() };
  const config = configurationPaths(flags.config, surroundings.uid, surroundings.env, surroundings.cwd);
  return {
    ...places(flags, surroundings),
    config,
    rulesDir: rulesOf(flags, surroundings, config),
    foreground: flags.foreground,
    logLevel: flags.logLevel,
    tree: flags.tree,
    isSafe: flags.safe,
    bindShim: BIND_SHIM,
  };
}

/** Of a disk that may come back, or have room again: archond goes on without it. */
const NEED: readonly string[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ESTALE'];

/** Nobody else looks into it; admitted users can pass it, to get to the socket. What lies in it is closed by itself. */
const PASSABLE = 0o711;

/** The runtime folder belongs to the supervisor alone; admitted users must be able to pass it where the host's is used, or one that was named. */
function makeFolders(settings: Settings, { socket, runtime }: Flags): void {
  const isHosts = settings.runtimeDir === '/run/archon';
  const isNamed = socket !== undefined || runtime !== undefined;
  const wanted: readonly (readonly [string, string, number, readonly string[]])[] = [
    ['--runtime', settings.runtimeDir, isHosts ? 0o755 : isNamed ? PASSABLE : 0o700, []],
    ['--state', settings.stateDir, 0o700, NEED],
    ['--log-dir', settings.logDir, 0o750, NEED],
  ];
  for (const [flag, folder, mode, survived] of wanted) {
    const made = realFiles.ensureFolder(folder, mode);
    if (made.ok) continue;
    if (made.error.code === 'EPERM')
      fail(
        `the folder ${folder} belongs to another user, or others may write to it; name another with ${flag}`,
      );
    const why = `cannot make the folder ${folder}: ${describeErrno(made.error.code)}`;
    if (!survived.includes(made.error.code)) fail(`${why}; name another with ${flag}`);
    process.stderr.write(`archond: ${why}; going on without it\n`);
  }
}

/** archond lives long and does little: a small young generation, and one thread beside it for what V8 does aside instead of four. */
const SPARING = ['--max-semi-space-size=1', '--v8-pool-size=1'];

function becomeKeeper(settings: Settings, isDebugged: boolean): never {
  const { runtimeDir, stateDir, logDir } = settings;
  const nofile = process.env['ARCHON_START_NOFILE'];
  const options = ['archon-keeper', '--runtime', runtimeDir, '--lock', `${runtimeDir}/lock`];
  if (stateDir !== runtimeDir) options.push('--claim', `${stateDir}/lock`);
  if (settings.tree !== 'auto') options.push('--tree', settings.tree);
  if (!settings.foreground) options.push('--log', `${logDir}/archond.log`);
  if (isDebugged) options.push('--silence', '0');
  const program = [process.execPath, ...SPARING, DECIDE];
  const command: KeeperCommand = { file: KEEPER, options, program };
  const once = settings.foreground ? [] : ['--background'];
  if (nofile !== undefined) once.push('--nofile', nofile);
  const env = {
    ...process.env,
    [SETTINGS_VARIABLE]: JSON.stringify(settings),
    [KEEPER_VARIABLE]: JSON.stringify(command),
  };
  const { error } = becomeProgram(KEEPER, [...options, ...once, '--', ...program], env);
  fail(`cannot become ${KEEPER}: ${describeErrno(error.code)}; run \`npm run build\``);
}

const flags = readFlags(process.argv, process.env);
const settings = settingsOf(flags);
if (flags.check) {
  void checkConfiguration(settings).then((code) => {
    process.exitCode = code;
  });
} else {
  makeFolders(settings, flags);
  becomeKeeper(settings, flags.debug);
}
