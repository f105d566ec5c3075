/**
 * The name by which an object is addressed.
 * @param called its name in the error, if it has no name.
 */
export function nameOf({ id }: DurableObjectState, called: string): string {
  if (id.name === undefined) throw new Error(`${called} must be addressed by name`);
  return id.name;
}
