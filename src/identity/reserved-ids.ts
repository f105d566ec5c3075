/** The names of keys and of a restore in entries: no user may have them. */
export function isReservedId(id: string): boolean {
  return id.startsWith("key_") || id === "bootstrap";
}
