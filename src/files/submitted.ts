import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { type FieldError, ok, type Result, refuse } from "../platform/results.ts";
import { download } from "./download.ts";
import { findFile, isAlive } from "./store.ts";
import { type FileRow, files } from "./tables.ts";
import type { Deps } from "./uploads.ts";

// Files that a learner submits. They still belong to the learner and count in the learner's quota; people who judge the
// submission read them through it. From then on their owner cannot delete them.

/**
 * Marks files as submitted with a submission: all of them, or none if one of them cannot be submitted.
 * @param ids at most as many as one submission may have; the caller has checked this.
 * @returns the files in the requested order, or those that cannot be submitted and why.
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
    // The answer must not say that a file of somebody else exists.
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

/** The submission was refused: its owner may delete the files again, unless another submission names them. */
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
 * The bytes of a submitted file. The caller has checked that the user may see a submission that names it.
 * @returns null if the file does not exist any more.
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
