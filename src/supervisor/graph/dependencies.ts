/**
 * What a unit says of others: labels of units of the configuration, each once; a label that names instances has been
 * replaced by theirs. docs/dependencies.org tells what each of them does.
 */
export interface Dependencies {
  readonly needs: readonly string[];
  readonly wants: readonly string[];
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly stopAfter: readonly string[];
  readonly stopBefore: readonly string[];
  readonly conflicts: readonly string[];
}

/** A unit, and what it says of others. */
export interface Depending {
  readonly label: string;
  readonly dependencies: Dependencies;
}

/** Those of a unit that stands alone. */
export const NO_DEPENDENCIES: Dependencies = {
  needs: [],
  wants: [],
  after: [],
  before: [],
  stopAfter: [],
  stopBefore: [],
  conflicts: [],
};
