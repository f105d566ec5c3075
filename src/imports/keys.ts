/** Where archive and report of an import lie in the bucket DOCUMENTS. */
export function archiveKey(id: string): string {
  return `imports/${id}/archive`;
}

export function reportKey(id: string): string {
  return `imports/${id}/report.json`;
}

/** What a look at the people of an archive has found, for their import. */
export function peopleKey(id: string): string {
  return `imports/${id}/people.json`;
}

/** Everything that the bucket holds of an import. */
export function keysOf(id: string): string[] {
  return [archiveKey(id), reportKey(id), peopleKey(id)];
}
