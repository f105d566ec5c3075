import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { type FieldError, ok, type Result, refuse } from "../platform/results.ts";
import { download } from "./download.ts";
import { findFile, isAlive } from "./store.ts";
import { type FileRow, files } from "./tables.ts";
import type { Deps } from "./uploads.ts";

// Files that a learner submits. They stay the learner's, within their quota; whoever judges the submission reads them through
// it. From then on their owner cannot delete them.

/**
 * Marks files as submitted with a submission. All of them, or none where one cannot be.
 *
 * @param ids at most what one submission takes, checked before.
 * @returns the files in the order asked for, or which cannot be submitted and why.
 */
export async function submitFiles(
  db: Database,
  { owner, ids, submission, now }: { owner: string; ids: readonly string[]; submission: string; now: number },
): Promise<Result<Pick<FileRow, "id" | "name" | "type" | "size">[]>> {
  const rows = await db
    .select()
    .from(files)
    .where(inArray(files.id, [...ids]))
    .all();
  const known = new Map(rows.map((row) => [row.id, row]));
  const fault = (index: number, rule: string, message: string): FieldError[] => [
    { path: `files[${index}]`, rule, message },
  ];
  const errors = ids.flatMap((id, index) => {
    const file = known.get(id);
    // Of others' files nobody learns that they exist.
    if (file === undefined || file.owner !== owner || !isAlive(file, now)) {
      return fault(index, "no_such_file", "You have no file with this id.");
    }
    if (file.state !== "ready") return fault(index, "not_ready", "The bytes of the file have not arrived.");
    if (file.expires_at !== null) return fault(index, "expires", "A file that expires cannot be submitted.");
    return ids.indexOf(id) < index ? fault(index, "named_twice", "The file is named twice.") : [];
  });
  if (errors.length > 0) return refuse("invalid_input", { errors });
  await db
    .update(files)
    .set({ submitted_with: submission })
    .where(and(inArray(files.id, [...ids]), isNull(files.submitted_with)));
  return ok(ids.flatMap((id) => known.get(id) ?? []).map(({ id, name, type, size }) => ({ id, name, type, size })));
}

/** The submission was refused: its owner may delete the files again, where no other submission names them. */
export async function takeBack(
  db: Database,
  { owner, submission }: { owner: string; submission: string },
): Promise<void> {
  await db
    .update(files)
    .set({ submitted_with: null })
    .where(and(eq(files.owner, owner), sql`${files.submitted_with} = ${submission}`));
}

/**
 * The bytes of a file that was submitted, for whoever may see the submission that names it: that is decided before.
 *
 * @returns null where there is no such file any more.
 */
export async function sendSubmitted(
  { env, db, now }: Deps,
  { owner, id }: { owner: string; id: string },
  request: Parameters<typeof download>[2],
): Promise<Response | null> {
  const file = await findFile(db, id);
  if (file === undefined || file.state !== "ready" || !isAlive(file, now)) return null;
  if (file.owner !== owner || file.submitted_with === null) return null;
  return download(env.FILES, file, request);
}
