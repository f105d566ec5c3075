import { z } from "zod";
import type { FieldError } from "../../../platform/results.ts";
import {
  CLASS_ROLES,
  type FilePerson,
  MAX_EXTERNAL_ID,
  MAX_PEOPLE,
  MAX_PLACES,
  type Part,
  type Place,
  type RosterFile,
  type RosterNote,
  type RosterSettings,
} from "../shapes.ts";
import { CLASSES, ENROLLMENTS, MANIFEST, READ, type ReadFile, ROLES, UNUSED, USERS } from "./columns.ts";
import { Findings, placeOf, readTable, type TableRow } from "./table.ts";

// OneRoster 1.1 and 1.2 as CSV files. Pure: the archive was unpacked before.

const VERSIONS = ["1.1", "1.2"];
const MODES = ["bulk", "delta", "absent"] as const;
type Mode = (typeof MODES)[number];
const STATUSES = ["", "active", "tobedeleted"];
const GUARDIANS: ReadonlySet<string> = new Set(["guardian", "parent", "relative"]);
const classRole = z.enum(CLASS_ROLES);
const emailSchema = z.email().max(254).toLowerCase();
const day = z.iso.date();

export interface OneRosterRead {
  file: RosterFile;
  faults: FieldError[];
  notes: RosterNote[];
}

/**
 * Reads the files of a OneRoster archive. A fault refuses all of it; what cannot be used alone (somebody unknown, a role
 * that no course has) is left out and noted.
 *
 * @param texts by the name of the file without `.csv`.
 */
export function readOneRoster(texts: ReadonlyMap<string, string>, settings: RosterSettings): OneRosterRead {
  const found = new Findings();
  const file: RosterFile = { people: null, places: null, classes: null };
  const done = () => ({ file, faults: found.faults, notes: found.notes });
  const modes = readManifest(texts, found);
  if (found.faults.length > 0) return done();
  const part = (name: ReadFile, columns: { needed: readonly string[]; known: readonly string[] }) => {
    const mode = modes.get(name) ?? "absent";
    const path = `${name}.csv`;
    const text = texts.get(name);
    if (mode === "absent") {
      if (text !== undefined) found.note(path, "absent", "The manifest says it is absent, so it is not read.");
      return null;
    }
    if (text === undefined) {
      found.fault(path, "missing_file", `The manifest says ${mode}, but the archive has no such file.`);
      return null;
    }
    const rows = keyed(path, readTable(path, text, columns, found), mode, found);
    return { path, isWhole: mode === "bulk", rows };
  };
  const classes = part("classes", CLASSES);
  const users = part("users", USERS);
  const roles = part("roles", ROLES);
  const enrollments = part("enrollments", ENROLLMENTS);
  if (found.faults.length > 0) return done();
  if (classes !== null) {
    file.classes = {
      isWhole: classes.isWhole,
      rows: mapRows(classes.rows, (row) => ({ title: row.get("title").replace(/\s+/g, " ").slice(0, 200) })),
    };
  }
  const guardians = guardiansIn(roles?.rows ?? null);
  if (users !== null) {
    if (users.rows.size > MAX_PEOPLE) {
      found.fault(users.path, "too_big", `A roster has at most ${MAX_PEOPLE} people.`);
    }
    file.people = { isWhole: users.isWhole, rows: new Map() };
    for (const [id, row] of users.rows)
      file.people.rows.set(id, row && personOf(users.path, row, guardians, settings, found));
  }
  if (enrollments !== null) {
    if (enrollments.rows.size > MAX_PLACES) {
      found.fault(enrollments.path, "too_big", `A roster has at most ${MAX_PLACES} places in classes.`);
    }
    file.places = placesOf(enrollments, file, found);
  }
  return done();
}

/** Which files are whole, which hold changes, which are absent. */
function readManifest(texts: ReadonlyMap<string, string>, found: Findings): Map<string, Mode> {
  const modes = new Map<string, Mode>();
  const path = "manifest.csv";
  const text = texts.get("manifest");
  if (text === undefined) {
    found.fault(path, "missing_file", "The archive has no manifest.csv, so it does not say what it holds.");
    return modes;
  }
  let version = "";
  for (const row of readTable(path, text, MANIFEST, found)) {
    const [name, value] = [row.get("propertyName"), row.get("value")];
    if (name === "oneroster.version") {
      version = value;
      if (!VERSIONS.includes(value)) {
        const message = `OneRoster ${JSON.stringify(value.slice(0, 20))} is not read; 1.1 and 1.2 are.`;
        found.fault(placeOf(path, row.line, "value"), "unknown_version", message);
      }
      continue;
    }
    if (!name.startsWith("file.")) {
      const isKnown = name === "manifest.version" || name.startsWith("source.");
      if (!isKnown)
        found.note(placeOf(path, row.line, "propertyName"), "unknown_property", `${name.slice(0, 100)} is not read.`);
      continue;
    }
    const file = name.slice("file.".length);
    const mode = MODES.find((known) => known === value.toLowerCase());
    const isRead = READ.some((known) => known === file);
    if (mode === undefined && isRead) {
      found.fault(placeOf(path, row.line, "value"), "unknown_mode", "A file is bulk, delta or absent.");
    } else if (mode !== undefined && isRead) modes.set(file, mode);
    else if (mode !== "absent" && UNUSED[file] !== undefined) {
      found.note(`${file}.csv`, "not_read", UNUSED[file]);
    } else if (mode !== "absent") {
      found.note(placeOf(path, row.line, "propertyName"), "unknown_file", `${file.slice(0, 100)}.csv is not read.`);
    }
  }
  if (version === "" && found.faults.length === 0) {
    found.fault(path, "missing", "The manifest does not say oneroster.version.");
  }
  return modes;
}

/** Rows by sourcedId; a deleted one is null. The same row twice counts once; two that differ are a fault. */
function keyed(path: string, rows: readonly TableRow[], mode: Mode, found: Findings): Map<string, TableRow | null> {
  const byId = new Map<string, TableRow | null>();
  const lines = new Map<string, number>();
  for (const row of rows) {
    const id = row.get("sourcedId");
    const at = (column: string) => placeOf(path, row.line, column);
    if (id === "" || id.length > MAX_EXTERNAL_ID || id === "__proto__") {
      found.fault(at("sourcedId"), "invalid_id", `A sourcedId has 1 to ${MAX_EXTERNAL_ID} characters.`);
      continue;
    }
    const status = row.get("status").toLowerCase();
    if (!STATUSES.includes(status)) found.fault(at("status"), "unknown_status", "A status is active or tobedeleted.");
    // The standard: blank in bulk files, demanded in delta files, because it says which change a row is.
    if (mode === "delta" && status === "")
      found.fault(at("status"), "missing", "A row of a delta file needs a status.");
    const before = lines.get(id);
    if (before !== undefined) {
      const message = `The sourcedId stands in line ${before} already; this row is left out.`;
      found.note(at("sourcedId"), "duplicate", message);
      continue;
    }
    lines.set(id, row.line);
    byId.set(id, status === "tobedeleted" ? null : row);
  }
  return byId;
}

function mapRows<T>(rows: ReadonlyMap<string, TableRow | null>, read: (row: TableRow) => T): Map<string, T | null> {
  return new Map([...rows].map(([id, row]) => [id, row === null ? null : read(row)]));
}

/** 1.2 has roles in a file of their own: who is a guardian there. */
function guardiansIn(roles: ReadonlyMap<string, TableRow | null> | null): ReadonlySet<string> {
  const guardians = new Set<string>();
  for (const row of roles?.values() ?? []) {
    if (row !== null && GUARDIANS.has(row.get("role").toLowerCase())) guardians.add(row.get("userSourcedId"));
  }
  return guardians;
}

/** Somebody of users.csv; null where they are switched off, which ends what they had. */
function personOf(
  path: string,
  row: TableRow,
  guardians: ReadonlySet<string>,
  settings: RosterSettings,
  found: Findings,
): FilePerson | null {
  const enabled = row.get("enabledUser").toLowerCase();
  if (!["", "true", "false", "1", "0"].includes(enabled)) {
    found.fault(placeOf(path, row.line, "enabledUser"), "invalid_boolean", "enabledUser is true or false.");
  }
  if (enabled === "false" || enabled === "0") return null;
  const id = row.get("sourcedId");
  const role = row.get("role").toLowerCase();
  const names = [
    row.get("preferredGivenName") || row.get("givenName"),
    row.get("preferredFamilyName") || row.get("familyName"),
  ];
  return {
    key: keyOf(path, row, settings, found),
    name: names
      .filter((name) => name !== "")
      .join(" ")
      .slice(0, 200),
    is_guardian: GUARDIANS.has(role) || guardians.has(id),
    agents: [
      ...new Set(
        row
          .get("agentSourcedIds")
          .split(",")
          .map((agent) => agent.trim()),
      ),
    ]
      .filter((agent) => agent !== "" && agent.length <= MAX_EXTERNAL_ID)
      .slice(0, 20),
    cohorts: null,
  };
}

function keyOf(path: string, row: TableRow, { match }: RosterSettings, found: Findings): string | null {
  if (match !== "email") {
    const id = row.get(match === "sourced_id" ? "sourcedId" : match);
    return id === "" ? null : id;
  }
  const text = row.get("email");
  if (text === "") return null;
  const email = emailSchema.safeParse(text);
  if (email.success) return email.data;
  found.note(
    placeOf(path, row.line, "email"),
    "invalid_email",
    "This is no e-mail address; the person is not matched.",
  );
  return null;
}

function placesOf(
  { path, rows, isWhole }: { path: string; rows: ReadonlyMap<string, TableRow | null>; isWhole: boolean },
  { people, classes }: RosterFile,
  found: Findings,
): Part<Place & { person: string }> {
  const part: Part<Place & { person: string }> = { isWhole, rows: new Map() };
  for (const [id, row] of rows) {
    if (row === null) {
      part.rows.set(id, null);
      continue;
    }
    const at = (column: string) => placeOf(path, row.line, column);
    const [person, group] = [row.get("userSourcedId"), row.get("classSourcedId")];
    // A file of changes may name who is known from before; a whole one names everybody.
    if (people?.isWhole === true && !people.rows.has(person)) {
      found.note(at("userSourcedId"), "unknown_user", `users.csv has no ${person.slice(0, 60)}; the row is left out.`);
      continue;
    }
    if (classes?.isWhole === true && !classes.rows.has(group)) {
      found.note(
        at("classSourcedId"),
        "unknown_class",
        `classes.csv has no ${group.slice(0, 60)}; the row is left out.`,
      );
      continue;
    }
    const role = classRole.safeParse(row.get("role").toLowerCase());
    if (!role.success) {
      found.note(at("role"), "unknown_role", "No course has this role; the row is left out.");
      continue;
    }
    const dates = { begin: dayOf(row.get("beginDate")), end: dayOf(row.get("endDate")) };
    for (const [name, date] of [
      ["beginDate", dates.begin],
      ["endDate", dates.end],
    ] as const) {
      if (date === undefined) found.fault(at(name), "invalid_date", "A day is written YYYY-MM-DD.");
    }
    part.rows.set(id, { person, class: group, role: role.data, begin: dates.begin ?? null, end: dates.end ?? null });
  }
  return part;
}

/** @returns null for none, undefined for what is no day. */
function dayOf(text: string): string | null | undefined {
  if (text === "") return null;
  const parsed = day.safeParse(text.slice(0, 10));
  return parsed.success ? parsed.data : undefined;
}
