import { z } from "@hono/zod-openapi";
import { inParallel } from "../shared/parallel.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { type PartHeader, rowsIn } from "./format.ts";
import { pause } from "./pause.ts";
import { type Column, countAdmitted, type Position, positionOf, readRows, type Tables, writeRows } from "./rows.ts";
import { AUDIT_CHAIN, tableOf } from "./stages.ts";
import type { BackedUpTable } from "./tables.ts";
import type { RestoreTarget } from "./target.ts";

const PARALLEL_OBJECTS = 6;

/** What became of a part. */
export interface PartOutcome {
  /** Rows that are there now and were compared. */
  rows: number;
  /** Rows that do not belong into the target, see {@link BackedUpTable}. */
  left_out: number;
  /** Users' files whose bytes are not in the target's bucket; backups list them, and do not hold them. */
  missing_files?: number;
}

const value = z.union([z.string(), z.number(), z.null()]);
const dumpSchema = z.object({
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

/** Restores one part and compares every row of it with what is there afterwards. Harmless to repeat. */
export async function loadPart(
  target: RestoreTarget,
  columns: ReadonlyMap<string, Column[]>,
  stage: string,
  part: { header: PartHeader; lines: string[] },
): Promise<Result<PartOutcome>> {
  const table = tableOf(stage);
  if (table !== null) return loadTable(target.tables, table, columns.get(table.name) ?? [], part);
  const { lines } = part;
  const whole = ok({ rows: rowsIn(stage, lines), left_out: 0 });
  if (stage === "enrollment_objects") return loadEnrollments(target, lines);
  if (stage === "channels") return each(lines, (line) => target.channel(line.name, line.dump));
  if (stage === "broadcast_log") return each(lines, (line) => target.broadcastLog(line.dump));
  if (stage === "journals") {
    // In their order: pages of one table build on each other.
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
  // Tombstones are applied when the journals are opened.
  return whole;
}

async function loadTable(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  { header, lines }: { header: PartHeader; lines: string[] },
): Promise<Result<PartOutcome>> {
  const known = (header.columns ?? []).map((name) => columns.find((column) => column.name === name));
  const given = known.filter((column) => column !== undefined);
  if (given.length < known.length || known.length === 0) {
    return refuse("backup_schema_mismatch", { detail: `The table ${table.name} has other columns.` });
  }
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) return ok({ rows: 0, left_out: 0 });
  await writeRows(tables, table, given, lines);
  const range = { from: positionOf(given, first), through: positionOf(given, last) };
  const held = await linesBetween(tables, table, given, range);
  const missing = lines.filter((line) => !held.delete(line));
  if (held.size > 0) return refuse("restore_differs", { detail: `${table.name} has ${held.size} other rows.` });
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
    const { lines, last } = await readRows(tables, table, columns, range);
    for (const line of lines) held.add(line);
    await pause();
    if (last === null || lines.length < table.page) return held;
    range = { after: last, through };
  }
}

async function loadEnrollments(target: RestoreTarget, lines: readonly string[]): Promise<Result<PartOutcome>> {
  const objects = lines.map((line) => objectLine.parse(JSON.parse(line)));
  const registered = await registeredAmong(
    target.tables,
    objects.map(({ name }) => name),
  );
  const known = objects.filter(({ name }) => registered.has(name));
  const outlines = new Map<string, string[]>();
  for (const { dump } of known) {
    const version = versionOf(dump);
    if (!outlines.has(version.key)) outlines.set(version.key, await outlineOf(target.tables, version));
  }
  const loaded = await inTurn(known, ({ name, dump }) =>
    target.enrollment(name, dump, outlines.get(versionOf(dump).key) ?? []),
  );
  if (!loaded.ok) return loaded;
  await target.project(known.map(({ name }) => name));
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
  await inParallel(objects, PARALLEL_OBJECTS, async (object, index) => {
    const loaded = await load(object);
    if (index % 10 === 9) await pause();
    if (loaded.ok) return;
    const { code, detail } = loaded.refusal;
    refusals.push(refuse(code, { detail: `${object.name}: ${detail ?? "its object"}` }));
  });
  return refusals[0] ?? ok(null);
}

/** An object without a registration was withdrawn or erased while the backup was taken. */
async function registeredAmong(tables: Tables, ids: readonly string[]): Promise<Set<string>> {
  const [rows = []] = await tables.batch([
    {
      sql: "SELECT id FROM enrollments WHERE id IN (SELECT value FROM json_each(?))",
      values: [JSON.stringify(ids)],
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
