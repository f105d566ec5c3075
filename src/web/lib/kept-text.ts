/**
 * Text that somebody is typing. It is stored in this browser, so that a reload, a closed tab or a visit to another page
 * loses nothing. There is one text per place and user: `<user> <place>`. A browser that stores nothing keeps it while
 * the page is open.
 */
const PREFIX = "latchkey.text ";
/** Longest text that is kept, UTF-16 units: browsers give an origin about five million. */
const MAX_LENGTH = 2_000_000;

/** @param place the purpose of the text, for example `author algorithms`. */
export function keepText(user: string, place: string, text: string): boolean {
  if (text.length > MAX_LENGTH) return false;
  try {
    localStorage.setItem(`${PREFIX}${user} ${place}`, text);
    return true;
  } catch {
    return false; // storage is forbidden or full: the page then asks before it is left
  }
}

/** The text that was being typed, or null. */
export function keptText(user: string, place: string): string | null {
  try {
    return localStorage.getItem(`${PREFIX}${user} ${place}`);
  } catch {
    return null;
  }
}

export function dropText(user: string, place: string): void {
  try {
    localStorage.removeItem(`${PREFIX}${user} ${place}`);
  } catch {
    // Nothing is kept where storage is forbidden.
  }
}

/** Removes every text of a user: signing out leaves nothing of theirs in the browser. */
export function dropTextsOf(user: string): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(`${PREFIX}${user} `)) localStorage.removeItem(key);
    }
  } catch {
    // See above.
  }
}
