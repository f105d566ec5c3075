/** Where archive and report of an import lie in the bucket DOCUMENTS. */
export function archiveKey(id: string): string {
  return `imports/${id}/archive`;
}

export function reportKey(id: string): string {
  return `imports/${id}/report.json`;
}

/** Everything that the bucket holds of an import. */
export function keysOf(id: string): string[] {
  return [archiveKey(id), reportKey(id)];
}
