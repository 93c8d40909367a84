/** A property, or none where there is no value: what is absent stays absent in JSON too. */
export function given<K extends string, V>(name: K, value: V | undefined): Partial<Readonly<Record<K, V>>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Readonly<Record<K, V>>>;
}
