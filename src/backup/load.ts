import { z } from "@hono/zod-openapi";
import { cutByBytes, oneBatch, setParameter } from "../platform/database/batches.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { type PartHeader, rowsIn } from "./format.ts";
import { changeKeyOf, linesLike } from "./keyed-rows.ts";
import { pause } from "./pause.ts";
import {
  type Column,
  comparePositions,
  countAdmitted,
  type Position,
  positionOf,
  readRows,
  type Tables,
  writeRows,
} from "./rows.ts";
import { courseOfLine, isSharded, type RowsPlace } from "./sharded.ts";
import { AUDIT_CHAIN, namesOf, tableOf } from "./stages.ts";
import { markSuperseded, supersededAmong } from "./superseded.ts";
import type { BackedUpTable } from "./tables.ts";
import type { RestoreTarget } from "./target.ts";

const PARALLEL_OBJECTS = 6;

/** The results of a part. */
export interface PartOutcome {
  /** Rows that are there now and were compared. */
  rows: number;
  /** Rows that do not belong in the target, see {@link BackedUpTable}. */
  left_out: number;
  /** Users' files whose bytes are not in the target's bucket; a backup lists them without their bytes. */
  missing_files?: number;
}

const value = z.union([z.string(), z.number(), z.null()]);
const dumpSchema = z.object({
  part: z.object({ copy: z.string(), number: z.int(), of: z.int() }).optional(),
  steps: z.array(z.string()),
  tables: z.record(z.string(), z.object({ columns: z.array(z.string()), rows: z.array(z.array(value)) })),
});
const objectLine = z.object({ name: z.string(), dump: dumpSchema });
const pageOfRows = z.object({
  table: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(value)),
  steps: z.array(z.string()),
});
const journalLine = z.object({ journal: z.int(), page: pageOfRows });
const chainLine = z.object({ page: pageOfRows });
const fileLine = z.object({ key: z.string(), size: z.int(), etag: z.string() });
const storedLine = z.object({
  key: z.string(),
  type: z.string().nullable(),
  meta: z.record(z.string(), z.string()),
  text: z.string(),
});

/** The link of a part, from 0, and the number of links. */
export interface LinkPlace {
  place: number;
  links: number;
  /** Names of the databases that the chain was taken with; null: it does not say. */
  databases: readonly string[] | null;
}

/** Notes what a newer link has instead of older ones: changed keys, objects of a bucket, and the names of all of them. */
export async function markPart(tables: Tables, stage: string, place: number, lines: readonly string[]): Promise<void> {
  const isOfBucket = stage === "documents" || stage === "records";
  const keys = lines.map((line) => (isOfBucket ? storedLine.parse(JSON.parse(line)).key : String(JSON.parse(line))));
  await markSuperseded(tables, stage.replace(/^changed\./, ""), place, keys);
}

/**
 * Restores the lines of one part that no newer link replaces, and compares every row of it with the database
 * afterwards. A repeat does no harm.
 */
export async function loadPart(
  target: RestoreTarget,
  columns: ReadonlyMap<string, Column[]>,
  stage: string,
  given: { header: PartHeader; lines: string[] },
  where: LinkPlace,
): Promise<Result<PartOutcome>> {
  const table = tableOf(stage);
  const part = { header: given.header, lines: await currentLines(target.tables, columns, stage, given, where) };
  const isFirst = where.place === 0;
  if (table !== null) {
    const own = columns.get(table.name) ?? [];
    if (table.name === "courses") {
      const named = givenColumns(part.header, own) ?? [];
      part.lines = await target.placed(named, part.lines, where.databases);
    }
    return isSharded(table)
      ? loadSharded(target, table, own, part, isFirst)
      : loadTable(target.tables, table, own, part, isFirst);
  }
  const { lines } = part;
  const whole = ok({ rows: rowsIn(stage, lines), left_out: 0 });
  if (stage === "enrollment_objects") return loadEnrollments(target, lines);
  if (stage === "channels") return each(lines, (line) => target.channel(line.name, line.dump));
  if (stage === "broadcast_log") return each(lines, (line) => target.broadcastLog(line.dump));
  if (stage === "journals") {
    // In their order: a page of a table needs the page before.
    for (const line of lines) {
      const { journal, page } = journalLine.parse(JSON.parse(line));
      const loaded = await target.journal(journal, page);
      if (!loaded.ok) return loaded;
    }
    return whole;
  }
  if (stage === AUDIT_CHAIN) {
    for (const line of lines) {
      const loaded = await target.auditChain(chainLine.parse(JSON.parse(line)).page);
      if (!loaded.ok) return loaded;
    }
    return whole;
  }
  if (stage === "documents" || stage === "records") {
    for (const line of lines) {
      const object = storedLine.parse(JSON.parse(line));
      if (!(await target.object(stage, object))) return refuse("restore_differs", { detail: object.key });
    }
    return whole;
  }
  if (stage === "files") {
    const files = lines.map((line) => fileLine.parse(JSON.parse(line)));
    return ok({ rows: files.length, left_out: 0, missing_files: await target.missingFiles(files) });
  }
  // Tombstones are used when the journals are opened.
  return whole;
}

/** The lines of a part that no newer link replaces. */
async function currentLines(
  tables: Tables,
  columns: ReadonlyMap<string, Column[]>,
  stage: string,
  { header, lines }: { header: PartHeader; lines: string[] },
  { place, links }: LinkPlace,
): Promise<string[]> {
  if (links === 1 || lines.length === 0) return lines;
  const without = async (kind: string, keyOfLine: (line: string) => string, from = place) => {
    const keys = lines.map(keyOfLine);
    const superseded = await supersededAmong(tables, kind, from, keys);
    return lines.filter((_, index) => !superseded.has(keys[index] ?? ""));
  };
  const table = tableOf(stage);
  if (table !== null) {
    if (table.by === undefined) return lines;
    const given = givenColumns(header, columns.get(table.name) ?? []) ?? [];
    return without(table.by.kind, (line) => changeKeyOf(table, given, line));
  }
  if (stage === "enrollment_objects") return without("enrollments", (line) => objectLine.parse(JSON.parse(line)).name);
  if (stage === "channels") return without("channels", (line) => objectLine.parse(JSON.parse(line)).name);
  if (stage === "documents" || stage === "records") {
    const keyOfLine = (line: string) => storedLine.parse(JSON.parse(line)).key;
    const newest = await without(stage, keyOfLine);
    // Objects that the newest link does not name any more were removed since.
    const named = await supersededAmong(tables, namesOf(stage), -1, lines.map(keyOfLine));
    return newest.filter((line) => named.has(keyOfLine(line)));
  }
  if (stage === "files") return filesWithRows(tables, lines);
  return lines;
}

/** Some of the files in older links were removed since: they have no row any more. */
async function filesWithRows(tables: Tables, lines: readonly string[]): Promise<string[]> {
  const keys = new Set<string>();
  const keyOfLine = (line: string) => fileLine.parse(JSON.parse(line)).key;
  for (const { json } of cutByBytes(lines.map(keyOfLine))) {
    const sql = `SELECT key FROM files WHERE key IN (SELECT value FROM ${setParameter(1)})`;
    const [rows = []] = await tables.batch([{ sql, values: [json] }]);
    for (const { key } of rows) keys.add(String(key));
  }
  return lines.filter((line) => keys.has(keyOfLine(line)));
}

/** The columns of a part's rows, or null where the table has no such columns. */
function givenColumns(header: PartHeader, columns: readonly Column[]): Column[] | null {
  const known = (header.columns ?? []).map((name) => columns.find((column) => column.name === name));
  const given = known.filter((column) => column !== undefined);
  return given.length < known.length || known.length === 0 ? null : given;
}

/** Loads rows of a table that every shard has, each into the shard of its course. */
async function loadSharded(
  target: RestoreTarget,
  table: BackedUpTable,
  columns: readonly Column[],
  { header, lines }: { header: PartHeader; lines: string[] },
  isFirst: boolean,
): Promise<Result<PartOutcome>> {
  const given = (header.columns ?? []).flatMap((name) => columns.find((column) => column.name === name) ?? []);
  const places = new Map<string, { place: RowsPlace; lines: string[] }>();
  for (const [course, own] of Map.groupBy(lines, (line) => courseOfLine(table, given, line))) {
    const place = await target.placeOf(course);
    const known = places.get(place.name) ?? { place, lines: [] };
    // Not with the spread operator: there may be more lines than a call may have arguments.
    known.lines = known.lines.concat(own);
    places.set(place.name, known);
  }
  const outcome = { rows: 0, left_out: 0 };
  const compare = comparePositions(given);
  for (const { place, lines: own } of places.values()) {
    own.sort((a, b) => compare(positionOf(given, a), positionOf(given, b)));
    // A course that is placed in another database is known, so its fence would be true.
    const { fence: _fence, ...unfenced } = table;
    const loaded = await loadTable(
      place.tables,
      place.hasCourses ? table : unfenced,
      columns,
      { header, lines: own },
      isFirst,
    );
    if (!loaded.ok) return loaded;
    if (table.name === "enrollments" && !place.hasCourses) await target.indexed(given, own);
    outcome.rows += loaded.value.rows;
    outcome.left_out += loaded.value.left_out;
  }
  // Without rows, it is still checked that the columns fit.
  return places.size > 0 ? ok(outcome) : loadTable(target.tables, table, columns, { header, lines }, isFirst);
}

/** @param isFirst whether it is in the first link: its rows come in order, and there can be no others among them. */
async function loadTable(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  { header, lines }: { header: PartHeader; lines: string[] },
  isFirst: boolean,
): Promise<Result<PartOutcome>> {
  const given = givenColumns(header, columns);
  if (given === null) {
    return refuse("backup_schema_mismatch", { detail: `The table ${table.name} has other columns.` });
  }
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) return ok({ rows: 0, left_out: 0 });
  await writeRows(tables, table, given, lines);
  const range = { from: positionOf(given, first), through: positionOf(given, last) };
  const held = isFirst ? await linesBetween(tables, table, given, range) : await linesLike(tables, table, given, lines);
  const missing = lines.filter((line) => !held.delete(line));
  if (held.size > 0) return refuse("restore_differs", { detail: `${table.name} has ${held.size} rows that differ.` });
  const lost = await countAdmitted(tables, table, given, missing);
  if (lost > 0) return refuse("restore_differs", { detail: `${table.name} lacks ${lost} rows.` });
  return ok({ rows: lines.length - missing.length, left_out: missing.length });
}

/** The lines of the rows with keys in a range, both ends included. */
async function linesBetween(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  { from, through }: { from: Position; through: Position },
): Promise<Set<string>> {
  const held = new Set<string>();
  let range: { after: Position | null; from?: Position; through: Position } = { after: null, from, through };
  for (;;) {
    const { lines, last, more } = await readRows(tables, table, columns, range);
    for (const line of lines) held.add(line);
    await pause();
    if (last === null || !more) return held;
    range = { after: last, through };
  }
}

async function loadEnrollments(target: RestoreTarget, lines: readonly string[]): Promise<Result<PartOutcome>> {
  const objects = lines.map((line) => objectLine.parse(JSON.parse(line)));
  const registered = new Set<string>();
  const byCourse = Map.groupBy(
    objects.map(({ name }) => name),
    (name) => parseEnrollmentId(name).course,
  );
  for (const [course, ids] of byCourse) {
    const { tables } = await target.placeOf(course);
    for (const id of await registeredAmong(tables, ids)) registered.add(id);
  }
  const known = objects.filter(({ name }) => registered.has(name));
  const outlines = new Map<string, string[]>();
  // The last piece of a large object has its version, whose outline is needed.
  for (const { dump } of known.filter(({ dump }) => dump.tables.enrollment !== undefined)) {
    const version = versionOf(dump);
    if (!outlines.has(version.key)) outlines.set(version.key, await outlineOf(target.tables, version));
  }
  const loaded = await inTurn(known, ({ name, dump }) =>
    target.enrollment(name, dump, outlines.get(versionOf(dump).key) ?? []),
  );
  if (!loaded.ok) return loaded;
  await target.project([...new Set(known.map(({ name }) => name))]);
  return ok({ rows: known.length, left_out: objects.length - known.length });
}

async function each(
  lines: readonly string[],
  load: (line: z.infer<typeof objectLine>) => Promise<Result<unknown>>,
): Promise<Result<PartOutcome>> {
  const objects = lines.map((line) => objectLine.parse(JSON.parse(line)));
  const loaded = await inTurn(objects, load);
  return loaded.ok ? ok({ rows: objects.length, left_out: 0 }) : loaded;
}

/** Loads objects, a few at a time. @returns the first refusal. */
async function inTurn<T extends { name: string }>(
  objects: readonly T[],
  load: (object: T) => Promise<Result<unknown>>,
): Promise<Result<null>> {
  const refusals: Result<never>[] = [];
  // Pieces of one object come in their order, whatever else runs.
  const byName = [...Map.groupBy(objects, ({ name }) => name).values()];
  await inParallel(byName, PARALLEL_OBJECTS, async (pieces, index) => {
    if (index % 10 === 9) await pause();
    for (const piece of pieces) {
      const loaded = await load(piece);
      if (loaded.ok) continue;
      const { code, detail } = loaded.refusal;
      refusals.push(refuse(code, { detail: `${piece.name}: ${detail ?? "its object"}` }));
      return;
    }
  });
  return refusals[0] ?? ok(null);
}

/** An object without a registration was withdrawn or erased during the backup. */
async function registeredAmong(tables: Tables, ids: readonly string[]): Promise<Set<string>> {
  const [rows = []] = await tables.batch([
    {
      sql: `SELECT id FROM enrollments WHERE id IN (SELECT value FROM ${setParameter(1)})`,
      values: [oneBatch(ids).json],
    },
  ]);
  return new Set(rows.map(({ id }) => String(id)));
}

function versionOf({ tables }: z.infer<typeof dumpSchema>): { key: string; course: string; version: number } {
  const { columns = [], rows = [] } = tables.enrollment ?? {};
  const read = (name: string) => rows[0]?.[columns.indexOf(name)] ?? "";
  const [course, version] = [String(read("course")), Number(read("course_version"))];
  return { key: `${course}@${version}`, course, version };
}

async function outlineOf(tables: Tables, { course, version }: { course: string; version: number }): Promise<string[]> {
  const [rows = []] = await tables.batch([
    {
      sql: "SELECT body FROM course_outlines WHERE course_slug = ? AND version = ? ORDER BY part",
      values: [course, version],
    },
  ]);
  return rows.map(({ body }) => String(body));
}
