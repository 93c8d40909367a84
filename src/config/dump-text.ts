const HIDDEN = '"(hidden)"';

/** A dump without the values of `env`, for those who may look but not know secrets. */
export function hideSettings(yaml: string): string {
  let isInside = false;
  return yaml.replace(/^.*$/gm, (line) => {
    if (/^ {0,4}\S/.test(line)) isInside = line === '    env:';
    return isInside ? line.replace(/^( {6}[A-Za-z_][A-Za-z0-9_]*: )".*"$/, `$1${HIDDEN}`) : line;
  });
}
