import { err, ok, type Result } from '../../base/result.ts';

/** A setting per line, as field of bytes. */
export type Settings = readonly (readonly [name: string, value: string])[];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The settings of an `env-file`: lines `NAME=value`; blank lines and those that begin with `#` are passed
 * over, `export ` before a name is too, and a value in single or double quotes is what stands between them.
 * Nothing is expanded. An error names the line that is none of these.
 *
 * @param text a character a byte
 */
export function readEnvFile(text: string): Result<Settings, { readonly line: number }> {
  const settings: [string, string][] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const plain = line.replace(/^export\s+/, '');
    const equals = plain.indexOf('=');
    const name = plain.slice(0, Math.max(0, equals));
    if (!NAME.test(name)) return err({ line: index + 1 });
    settings.push([name, unquoted(plain.slice(equals + 1).trim())]);
  }
  return ok(settings);
}

function unquoted(value: string): string {
  const quote = value.charAt(0);
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return isQuoted ? value.slice(1, -1) : value;
}
