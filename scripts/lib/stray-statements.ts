import { declaresStatements } from "./source-files.ts";

// A statement with a fixed text is in its room's statements.ts, or in a file of its folder `statements`, with its plan. This
// finds those that stand elsewhere.

/** Files that prepare statements themselves, or make statements over sets, and why they may. */
const MAY_PREPARE: Readonly<Record<string, string>> = {
  "src/platform/database/statement.ts": "prepares what a statements.ts declares",
  "src/platform/database/set-statement.ts": "likewise, over a set",
  "src/platform/database/counted.ts": "counts what drizzle prepares",
  "src/backup/counting-reads.ts": "counts the rows that a backup reads",
  "src/backup/rows.ts": "a table's columns are asked for while a backup runs; a restore may have other ones",
  "src/ops/shards/begin.ts": "the columns of a moved table are asked for when a move begins",
  "src/ops/shards/copy.ts": "likewise",
  "src/privacy/rows.ts": "each source names the columns that hold user ids; one question goes over all of them",
  "src/records/backends/d1.ts": "made of the columns of a record type and of what is asked",
  "src/records/backends/search.ts": "made of the tables of a record type",
  "src/mirror/projection.ts": "three statements of one delivery, which grow with the columns of its contract",
  "src/mirror/mirror-rows.ts": "made of the columns of a mirror, as its triggers are grouped",
};

/** Storage of an object is a database of its own, which only that object reads; its statements stand beside its state. */
const OF_OBJECTS: readonly string[] = [
  "src/audit/chain/backup.ts",
  "src/audit/chain/store.ts",
  "src/enrollment/absent-store.ts",
  "src/enrollment/fact-store.ts",
  "src/enrollment/opened-store.ts",
  "src/platform/cell/object-rows.ts",
  "src/platform/metrics/shard.ts",
  "src/records/journal/backup.ts",
  "src/records/journal/outbox.ts",
  "src/records/journal/parked.ts",
  "src/records/journal/pending.ts",
  "src/records/journal/store.ts",
];

const MADE = /\.prepare\(|\b(?:setStatement|statement)(?:<[^;]*?>)?\(/;

/**
 * Files that prepare a statement of D1 outside a statements.ts and a folder `statements`.
 * @param files text of every source file by its path from the repository (`src/…`).
 */
export function strayStatements(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) =>
    declaresStatements(path) || path in MAY_PREPARE || OF_OBJECTS.includes(path) || !MADE.test(text) ? [] : [path],
  );
}

/** Exceptions that are none any more. */
export function needlessExceptions(files: ReadonlyMap<string, string>): string[] {
  return [...Object.keys(MAY_PREPARE), ...OF_OBJECTS].filter((path) => !MADE.test(files.get(path) ?? ""));
}
