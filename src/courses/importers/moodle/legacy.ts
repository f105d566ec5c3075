import { child, childrenOf, descend, type XmlElement } from "../xml.ts";
import type { Availability } from "./model.ts";
import { optional, optionalNumber } from "./values.ts";

/**
 * The conditions of Moodle 2.6 and earlier, which are in separate fields, as the tree that a later release makes when
 * it restores such a backup: all must hold. Learners never saw the end of a window or "group members only"; the other
 * conditions follow `showavailability`.
 *
 * @param isSection sections are restricted to their grouping; activities only with "group members only".
 * @returns null if nothing restricts.
 */
export function legacyAvailability(element: XmlElement, isSection: boolean): Availability | null {
  const number = (name: string) => optionalNumber(element, name) ?? 0;
  const [from, until, grouping] = [number("availablefrom"), number("availableuntil"), number("groupingid")];
  const shows = number("showavailability") !== 0;
  const membersOnly = number("groupmembersonly") !== 0;
  const conditions: { condition: Record<string, unknown>; shown: boolean }[] = [];
  if (membersOnly || (isSection && grouping !== 0)) {
    const condition = grouping === 0 ? { type: "group" } : { type: "grouping", id: grouping };
    conditions.push({ condition, shown: false });
  }
  if (from !== 0) conditions.push({ condition: { type: "date", d: ">=", t: from }, shown: shows });
  if (until !== 0) conditions.push({ condition: { type: "date", d: "<", t: until }, shown: false });
  const rows = child(element, "availability_info");
  for (const row of childrenOf(rows, "availability")) conditions.push({ condition: conditionOf(row), shown: shows });
  for (const row of childrenOf(rows, "availability_field")) conditions.push({ condition: fieldOf(row), shown: shows });
  if (conditions.length === 0) return null;
  const tree = { op: "&", c: conditions.map((one) => one.condition), showc: conditions.map((one) => one.shown) };
  const rule = {
    availablefrom: from,
    availableuntil: until,
    showavailability: Number(shows),
    groupmembersonly: Number(membersOnly),
    groupingid: grouping,
    conditions: conditions.map((one) => one.condition),
  };
  return { tree, rule, fault: null };
}

function conditionOf(row: XmlElement): Record<string, unknown> {
  const source = optionalNumber(row, "sourcecmid");
  if (source !== null && source !== 0) {
    return { type: "completion", cm: source, e: optionalNumber(row, "requiredcompletion") ?? 0 };
  }
  const [min, max] = [optionalNumber(row, "grademin"), optionalNumber(row, "grademax")];
  const range = { ...(min === null ? {} : { min }), ...(max === null ? {} : { max }) };
  return { type: "grade", id: optionalNumber(row, "gradeitemid") ?? 0, ...range };
}

function fieldOf(row: XmlElement): Record<string, unknown> {
  const standard = optional(row, "userfield");
  const field = standard === null ? { cf: optional(row, "customfield") ?? "" } : { sf: standard };
  const op = optional(row, "operator") ?? "";
  const hasNoValue = op === "isempty" || op === "isnotempty";
  return { type: "profile", op, ...field, ...(hasNoValue ? {} : { v: descend(row, "value")?.text ?? "" }) };
}
