import { child, type XmlElement } from "../xml.ts";
import { legacyAvailability } from "./legacy.ts";
import type { Availability } from "./model.ts";
import { optional } from "./values.ts";

/** The conditions of an activity or section: JSON since 2.7, separate fields before. */
export function availabilityOf(element: XmlElement, field: string, isSection: boolean): Availability | null {
  if (child(element, field) === undefined) return legacyAvailability(element, isSection);
  const text = optional(element, field);
  if (text === null) return null;
  try {
    const tree = parseTree(text);
    return { tree, rule: tree, fault: null };
  } catch (fault) {
    return { tree: null, rule: text, fault: `it is not JSON: ${fault instanceof Error ? fault.message : "unknown"}` };
  }
}

/** Fields that Moodle accepts only as whole numbers. */
const WHOLE_NUMBERS: readonly string[] = ["cm", "t", "id"];

/**
 * A tree as PHP reads it: there `5.0` is not a whole number. Such a value stays a text, which no condition accepts as a
 * number.
 */
export function parseTree(text: string): unknown {
  return JSON.parse(text, (key, value: unknown, written?: { source?: string }) => {
    const source = written?.source;
    const isFraction = typeof value === "number" && source !== undefined && /[.eE]/.test(source);
    return isFraction && WHOLE_NUMBERS.includes(key) ? source : value;
  });
}
