/** The setting that tells a process the number of one of its ports: `PORT_HTTP` for `http`. */
export function portSetting(name: string): string {
  return `PORT_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}
