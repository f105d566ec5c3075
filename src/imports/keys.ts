/** The place of archive and report of an import in the bucket DOCUMENTS. */
export function archiveKey(id: string): string {
  return `imports/${id}/archive`;
}

export function reportKey(id: string): string {
  return `imports/${id}/report.json`;
}

/** The preview of the people of an archive, for their import. */
export function peopleKey(id: string): string {
  return `imports/${id}/people.json`;
}

/** The prefix of everything that the bucket has of an import. */
export function keysOf(id: string): string[] {
  return [archiveKey(id), reportKey(id), peopleKey(id)];
}
