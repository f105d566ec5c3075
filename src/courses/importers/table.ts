/**
 * The entry of a table for a name from a source. Names that every object has, such as `constructor`, are not entries.
 */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
