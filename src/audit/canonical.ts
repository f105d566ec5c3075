/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The canonical JSON of a value (RFC 8785): no spaces, names sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them. Equal values have equal text, whatever program writes it.
 * @throws TypeError for values that JSON does not have: numbers that are not finite, text with half a surrogate pair.
 */
export function canonicalize(value: Json): string {
  if (typeof value === "string") return canonicalText(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("a number that is not finite cannot be written as JSON");
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (isList(value)) return `[${value.map(canonicalize).join(",")}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${canonicalText(name)}:${canonicalize(member)}`);
  return `{${members.join(",")}}`;
}

function canonicalText(text: string): string {
  if (!text.isWellFormed()) throw new TypeError("text with half a surrogate pair cannot be written as JSON");
  return JSON.stringify(text);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
