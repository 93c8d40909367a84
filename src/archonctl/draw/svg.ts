/** What a picture is drawn in; it looks the same on a light and on a dark page, since it brings its own ground. */
export const COLOURS = {
  ground: '#ffffff',
  ink: '#1f2933',
  faint: '#7b8794',
  line: '#cbd2d9',
  stripe: '#f5f7fa',
  critical: '#c2410c',
  criticalStripe: '#fff7ed',
  progress: '#16a34a',
  wait: '#cbd5e1',
  start: '#93c5fd',
  ready: '#4ade80',
  stop: '#fca5a5',
} as const;

export const FONT = 'ui-sans-serif, system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif';
export const FONT_SIZE = 12;

/** A little more than most letters of such a font need. */
const LETTER_WIDTH = 7.2;

/** About how wide a text is, in pixels. */
export function widthOf(text: string, size = FONT_SIZE): number {
  return (Array.from(text).length * LETTER_WIDTH * size) / FONT_SIZE;
}

/** `name` with its end cut off where it is wider than so many pixels. */
export function cutToWidth(name: string, width: number): string {
  if (widthOf(name) <= width) return name;
  const letters = Array.from(name);
  while (letters.length > 1 && widthOf(`${letters.join('')}…`) > width) letters.pop();
  return `${letters.join('')}…`;
}

/** The same of a label, with its middle cut out: its end tells more. */
export function cutMiddleToWidth(label: string, width: number): string {
  if (widthOf(label) <= width) return label;
  const kept = Math.max(2, Math.floor(width / LETTER_WIDTH) - 1);
  const head = Math.floor(kept * 0.4);
  return `${label.slice(0, head)}…${label.slice(label.length - (kept - head))}`;
}

/** A text that may stand in an element or an attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A number with one digit behind the point at most. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; what it holds is markup already. */
export function element(name: string, attributes: Attributes, inner = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escaped(value ?? '')}"`)
    .join('');
  return inner === '' ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`;
}

/** A text whose beginning, middle or end stands at a place; `y` is its middle. */
export function text(x: number, y: number, said: string, more: Attributes = {}): string {
  return element('text', { x, y: y + FONT_SIZE * 0.35, ...more }, escaped(said));
}

/** A whole picture. `title` is what it is called by whoever cannot see it. */
export function picture(width: number, height: number, title: string, parts: readonly string[]): string {
  const all = [
    element('title', {}, escaped(title)),
    element('rect', { width, height, fill: COLOURS.ground }),
    ...parts,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${px(width)} ${px(height)}`,
    'font-family': FONT,
    'font-size': FONT_SIZE,
    fill: COLOURS.ink,
  };
  return `${element('svg', attributes, `\n${all.join('\n')}\n`)}\n`;
}
