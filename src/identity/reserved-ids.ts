/** Under these names keys and a restore act: nobody else may. */
export function isReservedId(id: string): boolean {
  return id.startsWith("key_") || id === "bootstrap";
}
