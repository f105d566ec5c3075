// What this browser remembers of whether its user manages an organisation, so that few page loads ask the server.

const KEY = "latchkey.manages";
/** After this long it is asked again, milliseconds. */
const KEPT_MS = 3_600_000;

/** Whether a user manages an organisation; null: not known, or not any more. */
export function knownToManage(user: string): boolean | null {
  try {
    const [who, answer, until]: unknown[] = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (who !== user || typeof answer !== "boolean" || typeof until !== "number") return null;
    return until > Date.now() ? answer : null;
  } catch {
    return null;
  }
}

export function rememberManaging(user: string, manages: boolean): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([user, manages, Date.now() + KEPT_MS]));
  } catch {
    // Storage may be forbidden: then the next page load asks again.
  }
}
