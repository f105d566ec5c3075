/** What a table says of a name that a source gave. What every object has, such as `constructor`, is no entry of it. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
