import type { Capability } from './harness.ts';
import type { World } from './world.ts';

/** Adds one test of the suite; it gets a world of its own, which is looked through for what is left afterwards. */
export type Tester = (
  title: string,
  body: (world: World) => void | Promise<void>,
  needs?: Capability,
) => void;
