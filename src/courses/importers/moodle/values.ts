import { child, type XmlElement } from "../xml.ts";

/** The text in a backup for a field without a value. */
const NULL = "$@NULL@$";

/** Text of a field, unchanged; null if it is absent, empty or Moodle's null. */
export function optional(element: XmlElement | undefined, name: string): string | null {
  const text = child(element, name)?.text;
  return text === undefined || text === "" || text === NULL ? null : text;
}

/** A number, or null if the field has none. */
export function optionalNumber(element: XmlElement | undefined, name: string): number | null {
  const text = optional(element, name)?.trim();
  if (text === undefined || text === "") return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/** Whether a field has a value other than zero. */
export function isSet(element: XmlElement | undefined, name: string): boolean {
  return (optionalNumber(element, name) ?? 0) !== 0;
}

/** An instant in epoch seconds; null for none, which is also written as 0. */
export function optionalTime(element: XmlElement | undefined, name: string): number | null {
  return optionalNumber(element, name) || null;
}
