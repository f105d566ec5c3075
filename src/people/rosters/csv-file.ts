import type { FieldError } from "../../platform/results.ts";
import { readRoster } from "../roster.ts";
import { MAX_PEOPLE, type RosterFile } from "./shapes.ts";

/** Before an address, so that a person of a CSV file has an id that no user id is. */
const MAIL = "mailto:";

/** A roster of one CSV file: whoever is in it learns in the course. Pure. */
export function readCsvRoster(text: string): { file: RosterFile; faults: FieldError[] } {
  const { rows, errors } = readRoster(text, MAX_PEOPLE);
  const people: NonNullable<RosterFile["people"]> = { isWhole: true, rows: new Map() };
  const places: NonNullable<RosterFile["places"]> = { isWhole: true, rows: new Map() };
  for (const { user_id, email, cohorts } of rows) {
    const id = user_id ?? `${MAIL}${email ?? ""}`;
    people.rows.set(id, {
      key: user_id ?? email,
      name: user_id ?? email ?? "",
      is_guardian: false,
      agents: [],
      cohorts,
    });
    places.rows.set(id, { person: id, class: "", role: "student", begin: null, end: null });
  }
  return { file: { people, places, classes: null }, faults: errors };
}

/** Whether somebody of a CSV file is named by an address, and not by a user id. */
export function isByAddress(id: string): boolean {
  return id.startsWith(MAIL);
}
