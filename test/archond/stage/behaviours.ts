import { writeFileSync } from 'node:fs';

/** Programs with a vice, which both stages have; those that are flaky fail once for each mark, their argument. */
export const BEHAVIOURS = ['slow-service', 'flaky-service', 'flaky-oneshot'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

const STAY = 'echo >&3\nexec sleep 86400';
const SCRIPTS: Readonly<Record<Behaviour, string>> = {
  'slow-service': `sleep 0.05\n${STAY}`,
  'flaky-service': `mkdir "$1" 2>/dev/null && exit 1\n${STAY}`,
  'flaky-oneshot': '! mkdir "$1" 2>/dev/null',
};

/** Writes them into a folder, for real processes. */
export function writeBehaviours(folder: string): void {
  for (const behaviour of BEHAVIOURS)
    writeFileSync(`${folder}/${behaviour}`, `#!/bin/sh\n${SCRIPTS[behaviour]}\n`, { mode: 0o755 });
}
