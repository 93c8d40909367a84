import { showComplaint } from '../../config/complaint.ts';
import { fieldOfText, textOf } from '../../protocol/bytes.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** What two units must not both write below; a running supervisor may have been told another folder. */
const LOG_DIR = '/var/log/archon';

/** `archonctl check`: needs no supervisor. */
export const check = defineVerb({
  name: 'check',
  operands: ['[file...]'],
  order: 'options-anywhere',
  options: {},
  description:
    'Reads configuration files or folders as one configuration and says all that is wrong with it, each with file, ' +
    'line and column; without any, the configuration that archond would read. Nothing is started, and no ' +
    'supervisor is needed. Ends with 0 where nothing is wrong, else 1.',
  examples: [
    ['check', 'the usual configuration'],
    ['check archon.yaml units.d', 'a file and a folder together'],
  ],
  async run({ words, globals, screen, caller }) {
    const { load } = await import('../../loader/load.ts');
    const { configurationPaths } = await import('../../loader/usual.ts');
    const paths = configurationPaths(
      words.map(textOf),
      caller.uid,
      caller.env,
      textOf(caller.folder() ?? '/'),
    );
    const loaded = await load(paths, { logDir: LOG_DIR });
    const { units, files } = loaded.ok ? loaded.value : { units: [], files: [] };
    const complaints = loaded.ok ? [] : loaded.error;
    if (globals.format === 'json') {
      const labels = units.map(({ label }) => label);
      printJson(screen, loaded.ok ? { complaints, files, units: labels } : { complaints });
    } else if (!loaded.ok) {
      screen.err(
        complaints.map((complaint) => `${printable(fieldOfText(showComplaint(complaint)))}\n`).join(''),
      );
    } else if (paths.length === 0)
      screen.out('there is no configuration: the supervisor would start empty\n');
    else
      screen.out(`nothing is wrong: ${counted(units.length, 'unit')} in ${counted(files.length, 'file')}\n`);
    return loaded.ok ? EXIT.done : EXIT.failed;
  },
});

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
