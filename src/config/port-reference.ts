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

/** A value with the number of each port that its texts name, to the bottom; itself where they name none. */
export function withPorts<T>(value: T, numberOf: (name: string) => number): T {
  if (typeof value === 'string') return (value.includes('\0') ? resolvePorts(value, numberOf) : value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => withPorts(item, numberOf));
    return (items.some((item, at) => item !== value[at]) ? items : value) as T;
  }
  const entries = Object.entries(value).map(([key, part]: [string, unknown]) => [
    key,
    withPorts(part, numberOf),
  ]);
  const before = Object.values(value) as unknown[];
  return entries.some(([, part], at) => part !== before[at]) ? (Object.fromEntries(entries) as T) : value;
}

/** Whether a text of a value names a port whose number is to be put in. */
export function namesPorts(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  return typeof value === 'object' && value !== null && Object.values(value).some(namesPorts);
}
