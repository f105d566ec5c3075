/** Names that Windows takes for devices, whatever follows after a dot. */
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/**
 * `Content-Disposition` that makes a browser save a file and never show it: a plain name for old clients, and the real
 * one as RFC 8187 writes it (RFC 6266 says which counts).
 *
 * The plain name is made from the folded one. It has only allowed characters: letters, digits, space and `-_.()`. They
 * are checked after folding, because folding may make others (a full-width slash becomes a slash).
 */
export function attachment(name: string): string {
  return `attachment; filename="${plainName(name)}"; filename*=UTF-8''${encoded(name)}`;
}

/** A name that no system treats as a path, a device or a hidden file. */
function plainName(name: string): string {
  const folded = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9 ._()-]/gu, "_")
    .replace(/^[. ]+|[. ]+$/g, (ends) => "_".repeat(ends.length));
  return DEVICE.test(folded) ? `_${folded}` : folded;
}

/** RFC 8187, section 3.2.1: percent signs for all but the characters it lists. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
