/** Whether two values that survive JSON say the same; the order of the keys of an object says nothing, and neither does a key without a value. */
export function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other))
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, at) => isSameData(item, other[at]))
    );
  const [ones, others] = [new Map(entriesOf(one)), new Map(entriesOf(other))];
  return ones.size === others.size && [...ones].every(([key, value]) => isSameData(value, others.get(key)));
}

function entriesOf(value: object): (readonly [string, unknown])[] {
  return Object.entries(value).filter(([, part]) => part !== undefined);
}
