import { z } from "zod";
import { userIdSchema } from "../platform/ids.ts";
import type { FieldError } from "../platform/results.ts";
import { cohortNameSchema } from "../unlock/index.ts";
import { readRecords } from "./csv.ts";

// What a roster says, and what it would change. Pure: no I/O, no clock.

/** One row of a roster. `cohorts` null: the file has no such column, or says nothing. */
export interface RosterRow {
  line: number;
  user_id: string | null;
  email: string | null;
  cohorts: string[] | null;
}

/** Rows of one file. */
const MAX_ROWS = 5_000;
/** Broken rules listed of one file: the first ones say what is wrong with it. */
const MAX_ERRORS = 50;
/** Cohorts of one learner. */
const MAX_COHORTS = 20;
/** Names that spreadsheets and other platforms give to the columns. */
const COLUMNS: Record<string, "user_id" | "email" | "cohorts"> = {
  user_id: "user_id",
  id: "user_id",
  username: "user_id",
  email: "email",
  "e-mail": "email",
  mail: "email",
  cohorts: "cohorts",
  cohort: "cohorts",
  group: "cohorts",
  groups: "cohorts",
};
const emailSchema = z.email().max(254).toLowerCase();

/**
 * Reads a roster: a header with `user_id` or `email`, and perhaps `cohorts`, separated by semicolons.
 * @param most rows; more are a fault.
 */
export function readRoster(text: string, most = MAX_ROWS): { rows: RosterRow[]; errors: FieldError[] } {
  const { records, brokenAt } = readRecords(text);
  const errors: FieldError[] = [];
  const fault = (line: number, rule: string, message: string) => {
    if (errors.length < MAX_ERRORS) errors.push({ path: `csv line ${line}`, rule, message });
  };
  if (brokenAt !== null) fault(brokenAt, "broken_quotes", "A quote opens or closes nothing here.");
  const [header, ...rest] = records;
  const columns = (header?.fields ?? []).map((name) => COLUMNS[name.toLowerCase()]);
  if (!columns.includes("user_id") && !columns.includes("email")) {
    fault(header?.line ?? 1, "missing_column", "The header has neither a column user_id nor one email.");
    return { rows: [], errors };
  }
  if (rest.length > most) fault(1, "too_big", `A roster has at most ${most} learners.`);
  const rows: RosterRow[] = [];
  const seen = new Map<string, number>();
  for (const { line, fields } of rest.slice(0, most)) {
    if (fields.length !== columns.length) {
      fault(line, "column_count", `${fields.length} fields, but the header has ${columns.length}.`);
      continue;
    }
    const value = (name: "user_id" | "email" | "cohorts") => fields[columns.indexOf(name)] ?? "";
    const id = value("user_id");
    const address = value("email");
    const user = id === "" ? null : userIdSchema.safeParse(id);
    const email = address === "" ? null : emailSchema.safeParse(address);
    if (user === null && email === null) {
      fault(line, "missing", "Neither user_id nor email says who this is.");
      continue;
    }
    if (user !== null && !user.success) fault(line, "invalid_id", `${JSON.stringify(id)} is no id of a user.`);
    if (email !== null && !email.success)
      fault(line, "invalid_email", `${JSON.stringify(address)} is no e-mail address.`);
    const names = value("cohorts")
      .split(";")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    for (const name of names) {
      if (!cohortNameSchema.safeParse(name).success)
        fault(line, "invalid_cohort", `${JSON.stringify(name)} is no name of a cohort.`);
    }
    if (names.length > MAX_COHORTS) fault(line, "too_big", `At most ${MAX_COHORTS} cohorts each.`);
    const row: RosterRow = {
      line,
      user_id: user?.success === true ? user.data : null,
      email: email?.success === true ? email.data : null,
      cohorts: columns.includes("cohorts") ? [...new Set(names)] : null,
    };
    const key = row.user_id ?? row.email ?? "";
    const before = seen.get(key);
    if (before !== undefined) fault(line, "duplicate", `The same person stands in line ${before} already.`);
    seen.set(key, line);
    rows.push(row);
  }
  return { rows, errors };
}

/** What applying a roster would do. Users by id. */
export interface RosterPlan {
  comes: { user: string; cohorts: string[] | null }[];
  changes: { user: string; from: string[]; to: string[] }[];
  goes: string[];
  unchanged: number;
}

/**
 * Compares a roster with the class.
 * @param listed who is in the file.
 * @param isWhole whoever is not in the file goes.
 */
export function planRoster(
  listed: readonly { user: string; cohorts: string[] | null }[],
  enrolled: ReadonlyMap<string, readonly string[]>,
  isWhole: boolean,
): RosterPlan {
  const plan: RosterPlan = { comes: [], changes: [], goes: [], unchanged: 0 };
  const named = new Set(listed.map(({ user }) => user));
  for (const { user, cohorts } of listed) {
    const now = enrolled.get(user);
    if (now === undefined) plan.comes.push({ user, cohorts });
    else if (cohorts !== null && !sameNames(now, cohorts)) plan.changes.push({ user, from: [...now], to: cohorts });
    else plan.unchanged += 1;
  }
  if (isWhole) plan.goes = [...enrolled.keys()].filter((user) => !named.has(user));
  return plan;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join("\n") === b.toSorted().join("\n");
}

/** Up to so many may go without being counted by a person. */
const FEW = 5;
/** The share of the class that may go so. */
const SHARE = 0.2;

/** Whether so many would go that a person has to say how many. */
export function isMassRemoval(goes: number, enrolled: number): boolean {
  return goes > FEW && goes > SHARE * enrolled;
}
