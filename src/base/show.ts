/** No quotation in a message is longer than this: a line may have a megabyte, its error must not. */
const SHOWN_CHARACTERS = 80;

/** `text` in single quotes for use in a message, cut after 80 characters. */
export function show(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? `'${text}'` : `'${text.slice(0, SHOWN_CHARACTERS)}...'`;
}

/** Words as a list in a sentence: `a`, `a or b`, `a, b or c`; `conjunction` stands before the last. */
export function listing(words: readonly string[], conjunction = 'or'): string {
  const last = words.at(-1);
  if (last === undefined) return 'nothing';
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
