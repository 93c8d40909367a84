import { showComplaint } from '../config/complaint.ts';
import type { Settings } from './settings.ts';

/** `archond --check`: says all that is wrong with the configuration, or that nothing is; resolves with the exit code. */
export async function checkConfiguration({ config, logDir, tree }: Settings): Promise<number> {
  if (config.length === 0) {
    process.stdout.write('there is no configuration: the supervisor would start empty\n');
    return 0;
  }
  const { load, machine } = await import('../loader/load.ts');
  /* The supervisor that is to run it may be started elsewhere: what the machine has decides. */
  const trees = { kind: tree === 'minder' ? 'minders' : 'unknown' } as const;
  const loaded = await load(config, { logDir }, machine(trees));
  if (loaded.ok) {
    const { units, files } = loaded.value;
    process.stdout.write(
      `nothing is wrong: ${counted(units.length, 'unit')} in ${counted(files.length, 'file')}\n`,
    );
    return 0;
  }
  process.stderr.write(loaded.error.map((complaint) => `${showComplaint(complaint)}\n`).join(''));
  return 1;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
