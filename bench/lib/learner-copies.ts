import { createHash, createHmac } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openD1 } from "../../test/support/node/database.ts";

// Learners by the ten thousand, made from one: rows of D1 by statement, objects by copying the file of one object. A learner
// made through the API takes a hundred times as long, and is the same afterwards.

/** Where the local runtime keeps enrollment objects, below its state directory. */
const OBJECTS = "v3/do";
const OBJECT_CLASS = "EnrollmentObject";
const DIGITS = 8;

/** User ids, all of one length: one can stand in the place of another in a file. */
export function copyName(number: number): string {
  return `u${String(number).padStart(DIGITS, "0")}`;
}

/** Gives a state so many learners who did what {@link copyName}(0) did, two hours ago. The runtime must have ended. */
export function copyLearners(state: string, course: string, size: number): void {
  copyRows(state, course, size);
  copyObjects(state, course, size);
}

function copyRows(state: string, course: string, size: number): void {
  const db = openD1(state, { readOnly: false });
  try {
    const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)";
    const user = `'u' || printf('%0${DIGITS}d', i)`;
    const columns = columnsOf(db, "enrollments").filter((name) => !["id", "user_id", "last_active_at"].includes(name));
    db.prepare(
      `INSERT INTO enrollments (id, user_id, last_active_at, ${columns.join(", ")})
       ${numbers} SELECT '${course}:' || ${user}, ${user}, last_active_at - 7200000, ${columns.join(", ")}
       FROM n, enrollments WHERE id = ?`,
    ).run(size, `${course}:${copyName(0)}`);
    const facts = columnsOf(db, "progress").filter((name) => name !== "enrollment_id");
    db.prepare(
      `INSERT INTO progress (enrollment_id, ${facts.join(", ")})
       ${numbers} SELECT '${course}:' || ${user}, ${facts.join(", ")} FROM n, progress WHERE enrollment_id = ?`,
    ).run(size, `${course}:${copyName(0)}`);
  } finally {
    db.close();
  }
}

function columnsOf(db: DatabaseSync, table: string): string[] {
  return db
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map(({ name }) => String(name));
}

function copyObjects(state: string, course: string, size: number): void {
  const folder = folderOf(join(state, OBJECTS));
  const fileOf = (number: number) =>
    join(folder.path, `${objectId(folder.key, `${course}:${copyName(number)}`)}.sqlite`);
  const template = fileOf(0);
  if (!existsSync(template)) throw new Error("the runtime names its objects in another way");
  const db = new DatabaseSync(template);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const bytes = readFileSync(template);
  const name = Buffer.from(copyName(0));
  const places: number[] = [];
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) places.push(at);
  for (let number = 1; number <= size; number += 1) {
    const other = Buffer.from(copyName(number));
    for (const at of places) other.copy(bytes, at);
    writeFileSync(fileOf(number), bytes);
  }
}

function folderOf(objects: string): { path: string; key: string } {
  const key = readdirSync(objects).find((name) => name.endsWith(OBJECT_CLASS));
  if (key === undefined) throw new Error(`there are no enrollment objects below ${objects}`);
  return { path: join(objects, key), key };
}

/** How workerd makes an object's id from its name: half of it is a keyed hash of the name, the rest one of that half. */
function objectId(uniqueKey: string, name: string): string {
  const key = createHash("sha256").update(uniqueKey).digest();
  const half = createHmac("sha256", key).update(name).digest().subarray(0, 16);
  const rest = createHmac("sha256", key).update(half).digest().subarray(0, 16);
  return Buffer.concat([half, rest]).toString("hex");
}
