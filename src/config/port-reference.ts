/**
 * `{port.NAME}` where the port is `auto`: its number is known when it is bound, not when the
 * configuration is loaded. Until then the text holds `NUL port.NAME NUL`, which no text of a
 * configuration can hold otherwise.
 */
const REFERENCE = /\0port\.([^\0]*)\0/g;

/** The text that stands for the number of a port until that is known. */
export function portReference(name: string): string {
  return `\0port.${name}\0`;
}

/** `text` with the number of each port that it names. */
export function resolvePorts(text: string, numberOf: (name: string) => number): string {
  return text.replace(REFERENCE, (_whole, name: string) => String(numberOf(name)));
}
