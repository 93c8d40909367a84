import { readFileSync } from 'node:fs';

/** All that stands at standard input, waited for: for programs that are run apart, which have nothing else to do. */
export function ownInput(): string {
  return readFileSync(0, 'utf8');
}
