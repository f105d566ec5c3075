import { child, type XmlElement } from "../xml.ts";

/** How a backup writes that a field has no value. */
const NULL = "$@NULL@$";

/** Text of a field, as it is; null where it is absent, empty or Moodle's null. */
export function optional(element: XmlElement | undefined, name: string): string | null {
  const text = child(element, name)?.text;
  return text === undefined || text === "" || text === NULL ? null : text;
}

/** A number, or null where the field has none. */
export function optionalNumber(element: XmlElement | undefined, name: string): number | null {
  const text = optional(element, name)?.trim();
  if (text === undefined || text === "") return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/** Whether a field is set to something that is not zero. */
export function isSet(element: XmlElement | undefined, name: string): boolean {
  return (optionalNumber(element, name) ?? 0) !== 0;
}

/** An instant in epoch seconds; null for none, which is written as 0 too. */
export function optionalTime(element: XmlElement | undefined, name: string): number | null {
  return optionalNumber(element, name) || null;
}
