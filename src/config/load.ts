import { err, ok, type Result } from '../base/result.ts';
import type { Words } from '../base/words.ts';
import { freeze } from '../supervisor/freeze.ts';
import { logClashes, portClashes } from './clashes.ts';
import { inOrder, type Complaint, type Complaints } from './complaint.ts';
import type { Configuration, UnitGroup } from './configuration.ts';
import { contradictions } from './contradictions.ts';
import { controllerComplaints } from './controller-complaints.ts';
import { declare, defaultsOf, type Declaration } from './declarations.ts';
import { define } from './define.ts';
import { cycleComplaints, resolveNames, rivalComplaints, type DefinedUnit } from './dependency-names.ts';
import type { UnitDefinition } from './definition.ts';
import { dump } from './dump.ts';
import { envFileMark, MOST_ENV_FILE_BYTES } from './env-file-mark.ts';
import { given } from './given.ts';
import { accessOf, joinHeads, monitorsOf } from './heads.ts';
import { lookUp, type Naming } from './identities.ts';
import { fillIn, instanceClashes, instancesOf, type Instance } from './instances.ts';
import { notYetInFile } from './not-yet.ts';
import { readFiles, type ReadFile } from './read-files.ts';
import { readSettings } from './read-settings.ts';
import type { UnitSettings } from './schema/unit.ts';
import type { ConfigSystem } from './system.ts';
import type { TreePath } from './tree.ts';

/** What a configuration is judged by, beside its own text. */
export interface LoadOptions {
  /** Where the logs of units lie; two units must not write one file. */
  readonly logDir: string;
}

/** A unit and what it says. */
interface ReadUnit {
  readonly instance: Instance;
  readonly settings: UnitSettings;
}

/**
 * Loads the files and folders of these absolute paths as one configuration, or says all that is wrong with
 * it at once. Changes nothing. What cannot be had in this version is a complaint, see `not-yet.ts`.
 */
export async function loadConfiguration(
  paths: readonly string[],
  system: ConfigSystem,
  options: LoadOptions,
): Promise<Result<Configuration, Complaints>> {
  const { files, complaints: found, isPartial } = readFiles(system, paths);
  const complaints = [...found];
  const declarations = declareAll(files, complaints);
  const instances = [...declarations.values()].flatMap((made) => instancesOf(made, complaints));
  complaints.push(...instanceClashes(instances, declarations));
  const units = instances.map((instance) => readUnit(instance, system, complaints));
  const heads = joinHeads(files, complaints);
  const namings = [...heads.namings, ...units.flatMap(namingsOf)];
  const identities = await lookUp(system, namings, complaints);

  const defined = units.map(({ instance, settings }): DefinedUnit => ({
    instance,
    definition: define(instance, settings, identities),
  }));
  const groups = groupsOf(instances);
  const resolved = resolveNames(defined, groups, isPartial, complaints);
  const cycles = cycleComplaints(resolved);
  complaints.push(...cycles);
  if (cycles.length === 0) complaints.push(...rivalComplaints(resolved, complaints));
  complaints.push(...logClashes(resolved, options.logDir), ...portClashes(resolved));

  const order = files.map(({ path }) => path);
  const [first, ...more] = inOrder(complaints, order);
  if (first !== undefined) return err(freeze<Complaints>([first, ...more]));
  return ok(
    freeze<Configuration>({
      units: resolved.map(({ definition }) => withMarks(definition, system)),
      groups,
      access: accessOf(heads.access, identities),
      ...given('portPool', heads.portPool),
      monitors: monitorsOf(heads.monitors, identities),
      ...given('rc', heads.parts.rc),
      files: order,
      yaml: dump(heads.parts, declarations.values()),
    }),
  );
}

/** With what is in its files of settings by now: they are read at each start, and whether they change counts at a reload. */
function withMarks(definition: UnitDefinition, system: ConfigSystem): UnitDefinition {
  const { surroundings } = definition;
  const { envFiles } = surroundings;
  if (envFiles.length === 0) return definition;
  const envFileMarks = envFiles.map((file) => envFileMark(system.read(file, MOST_ENV_FILE_BYTES)));
  return { ...definition, surroundings: { ...surroundings, envFileMarks } };
}

function declareAll(files: readonly ReadFile[], complaints: Complaint[]): ReadonlyMap<string, Declaration> {
  const declarations = new Map<string, Declaration>();
  for (const file of files) {
    complaints.push(...notYetInFile(file.head));
    const defaults = defaultsOf(file, complaints);
    /* By themselves first, so that what is wrong with them is said of them and not of the first unit. */
    if (defaults !== undefined)
      readSettings(fillIn(defaults, 1, ['defaults'], complaints), ['defaults'], complaints);
    declare(file, defaults, declarations, complaints);
  }
  return declarations;
}

/** A unit with what is right of it. */
function readUnit(instance: Instance, system: ConfigSystem, complaints: Complaint[]): ReadUnit {
  const { settings, dropped } = readSettings(instance.tree, ['units', instance.declared], complaints);
  /* A unit whose command is wrong is never started, but it names others and is named. */
  const isWithout = dropped.has('command') || dropped.has('script');
  const judged = isWithout ? { command: STAND_IN, ...settings } : settings;
  complaints.push(...contradictions(instance, judged), ...controllerComplaints(instance, judged, system));
  return { instance, settings: hasProgram(judged) ? judged : { ...judged, command: STAND_IN } };
}

const STAND_IN: Words = ['true'];

function hasProgram({ command, script }: UnitSettings): boolean {
  return command !== undefined || script !== undefined;
}

function namingsOf({ instance, settings: { user, group, groups } }: ReadUnit): readonly Naming[] {
  const { tree, declared } = instance;
  const naming = (kind: Naming['kind'], name: string, path: TreePath): Naming => ({
    kind,
    name,
    tree,
    path,
    prefix: ['units', declared],
  });
  return [
    ...(user === undefined ? [] : [naming('user', user, ['user'])]),
    ...(group === undefined ? [] : [naming('group', group, ['group'])]),
    ...(groups ?? []).map((name, index) => naming('group', name, ['groups', index])),
  ];
}

function groupsOf(instances: readonly Instance[]): readonly UnitGroup[] {
  const groups = new Map<string, string[]>();
  for (const { label, declared, number } of instances) {
    if (number === undefined) continue;
    const members = groups.get(declared);
    if (members === undefined) groups.set(declared, [label]);
    else members.push(label);
  }
  return [...groups].map(([label, members]) => ({ label, members }));
}
