const NAMED: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', r: '\r', t: '\t' };

const encoder = new TextEncoder();

/**
 * A field with its escapes undone, once: `\\` `\n` `\r` `\t` `\xHH`; any other pair stays as it is, and so
 * does a backslash at the end. Undefined where it holds `\x00`.
 */
export function unescapeField(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  const field = raw.replace(
    /\\(?:x([0-9A-Fa-f]{2})|([\\nrt]))/g,
    (_, hex: string | undefined, name: string | undefined) =>
      hex === undefined ? (NAMED[name ?? ''] ?? '') : String.fromCharCode(parseInt(hex, 16)),
  );
  return field.includes('\0') ? undefined : field;
}

/** The inverse for encoders: `\\` for a backslash, `\xHH` for each other byte outside 0x20 to 0x7E. */
export function escapeField(field: string): string {
  return field.replace(/[^ -[\]-~]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '\0') return '\\\\x00';
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return hexEscape(code);
  return Array.from(encoder.encode(character), hexEscape).join('');
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
