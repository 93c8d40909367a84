import type { Basis } from './basis.ts';
import type { UnitDefinition } from './definition.ts';

/** What one or more configuration files say, checked as a whole: plain data that survives JSON, frozen to the bottom. */
export interface Configuration {
  /** In the order in which they were read; each label once. */
  readonly units: readonly UnitDefinition[];
  /** Labels that name several instances. None of them is the label of a unit. */
  readonly groups: readonly UnitGroup[];
  readonly access: readonly AccessRule[];
  /** From where `auto` ports are served; both ends included. */
  readonly portPool?: { readonly first: number; readonly last: number };
  readonly monitors: readonly MonitorDefinition[];
  /** A classic boot script that PID 1 runs first. */
  readonly rc?: string;
  /** All files that were read, in order, as absolute paths. */
  readonly files: readonly string[];
  /** YAML that loads to the same; what `Dump,config` answers. */
  readonly yaml: string;
  /** Absent where it was not noted, or the machine changed meanwhile. */
  readonly basis?: Basis;
}

export interface UnitGroup {
  readonly label: string;
  readonly members: readonly string[];
}

/** Who is admitted to the socket, besides root and the supervisor's own user. */
export type AccessRule =
  | { readonly kind: 'user'; readonly uid: number; readonly role: 'read' | 'control' }
  | { readonly kind: 'group'; readonly gid: number; readonly role: 'read' | 'control' };

/** Processes that are not started here and are to be watched as units. What is present must match. */
export interface MonitorDefinition {
  readonly name: string;
  readonly exe?: string;
  readonly command?: string;
  readonly uid?: number;
}

/** That of a supervisor without any file. */
export const EMPTY_CONFIGURATION: Configuration = Object.freeze({
  units: Object.freeze([]),
  groups: Object.freeze([]),
  access: Object.freeze([]),
  monitors: Object.freeze([]),
  files: Object.freeze([]),
  yaml: 'version: 1\n',
});
