import { showComplaint } from '../config/complaint.ts';
import type { Settings } from './settings.ts';

/** `archond --check`: says all that is wrong with the configuration, or that nothing is; resolves with the exit code. */
export async function checkConfiguration({ config, logDir }: Settings): Promise<number> {
  if (config.length === 0) {
    process.stdout.write('there is no configuration: the supervisor would start empty\n');
    return 0;
  }
  const { load } = await import('../loader/load.ts');
  const loaded = await load(config, { logDir });
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
