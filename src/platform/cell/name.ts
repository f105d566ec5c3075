/**
 * The name by which an object is addressed.
 * @param called what it is called in the error, should it have been addressed otherwise.
 */
export function nameOf({ id }: DurableObjectState, called: string): string {
  if (id.name === undefined) throw new Error(`${called} must be addressed by name`);
  return id.name;
}
