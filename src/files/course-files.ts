import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { ok, type Result } from "../platform/results.ts";
import { download } from "./download.ts";
import type { MediaType } from "./media-types.ts";
import { fileNameSchema } from "./names.ts";
import { findByUploadKey, findFile, isAlive, removeFile } from "./store.ts";
import { type FileRow, files } from "./tables.ts";
import { type Deps, uploadDirectly } from "./uploads.ts";

// Files in the texts of a course. They belong to the author and count in the author's quota. An upload key that no
// request can send says which course they belong to, so that learners can open these files and no others.

/** Types by the ending of a name; a file with another ending is stored as plain bytes. */
const TYPES: Readonly<Record<string, MediaType>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  pdf: "application/pdf",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  wav: "audio/wav",
  mp4: "video/mp4",
  webm: "video/webm",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
  zip: "application/zip",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
};
/** Longest name that is made from a name in an imported source, in characters: at most four bytes each. */
const MAX_NAME = 60;

/** Keys of uploads have no space, so nobody can send one of these. */
function courseKey(course: string, sha256 = ""): string {
  return `course ${course} ${sha256}`;
}

/**
 * Marks files that somebody wrote into a text. The mark sorts behind all hashes, so the clean-up after imports leaves
 * these files.
 */
const WRITTEN = "w";

/**
 * Stores a file of a course. The same bytes are stored once, however often they come and under whatever name.
 * @returns its id, or `quota_exceeded` and the other refusals of an upload.
 */
export async function keepCourseFile(
  deps: Deps,
  file: { owner: string; course: string; name: string; bytes: Uint8Array<ArrayBuffer> },
): Promise<Result<string>> {
  const kept = await keep(deps, file, "");
  return kept.ok ? ok(kept.value.id) : kept;
}

/** The same for a file in a text that is not published yet: it stays until its author deletes it. */
export function keepWrittenFile(
  deps: Deps,
  file: { owner: string; course: string; name: string; bytes: Uint8Array<ArrayBuffer> },
): Promise<Result<FileRow>> {
  return keep(deps, file, WRITTEN);
}

/**
 * The same for a file of another course. A repeat makes no second copy.
 * @returns the copy, or null if the other course has no such file.
 */
export async function copyCourseFile(
  deps: Deps,
  { owner, course, from, id }: { owner: string; course: string; from: string; id: string },
): Promise<Result<FileRow | null>> {
  const file = await fileOf(deps, from, id);
  if (file === null || file.sha256 === null) return ok(null);
  const { name, size, sha256 } = file;
  const object = await deps.env.FILES.get(file.key);
  return object === null ? ok(null) : store(deps, { owner, course, name, size, sha256 }, WRITTEN, object.body);
}

async function keep(
  deps: Deps,
  { bytes, ...file }: { owner: string; course: string; name: string; bytes: Uint8Array<ArrayBuffer> },
  mark: "" | typeof WRITTEN,
): Promise<Result<FileRow>> {
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return store(deps, { ...file, size: bytes.length, sha256 }, mark, new Blob([bytes]).stream());
}

async function store(
  deps: Deps,
  { owner, course, name, size, sha256 }: { owner: string; course: string; name: string; size: number; sha256: string },
  mark: "" | typeof WRITTEN,
  bytes: ReadableStream<Uint8Array>,
): Promise<Result<FileRow>> {
  const upload_key = courseKey(course, `${mark}${sha256}`);
  const earlier = await findByUploadKey(deps.db, owner, upload_key);
  if (earlier?.state === "ready" && isAlive(earlier, deps.now)) {
    await bytes.cancel();
    return ok(earlier);
  }
  const type = TYPES[name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "application/octet-stream";
  const file = { owner, name: nameOf(name), type, size, sha256, expires_at: null, upload_key };
  const stored = await uploadDirectly(deps, file, bytes);
  return stored.ok ? ok(stored.value.row) : stored;
}

/** A valid name for a file, made from its name in an imported source. */
function nameOf(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const short = last.length > MAX_NAME ? last.slice(-MAX_NAME).toWellFormed() : last;
  const parsed = fileNameSchema.safeParse(short);
  return parsed.success ? parsed.data : "file";
}

/**
 * The bytes of a file of a course. The caller has checked that the user may open the item which shows it.
 * @returns null if the course has no such file.
 */
export async function sendCourseFile(
  deps: Deps,
  { course, id }: { course: string; id: string },
  request: Parameters<typeof download>[2],
): Promise<Response | null> {
  const file = await fileOf(deps, course, id);
  return file === null ? null : download(deps.env.FILES, file, request);
}

/** A file of a course that can be opened, or null. */
async function fileOf({ db, now }: Deps, course: string, id: string): Promise<FileRow | null> {
  const file = await findFile(db, id);
  if (file === undefined || file.state !== "ready" || !isAlive(file, now)) return null;
  return file.upload_key?.startsWith(courseKey(course)) === true ? file : null;
}

/** Files looked at in one step. */
const PAGE = 500;

/** A page of a course's files by their upload keys, which have a common beginning. */
function pageOf(db: Database, owner: string, course: string, after: string): Promise<FileRow[]> {
  const prefix = courseKey(course);
  return db
    .select()
    .from(files)
    .where(
      and(
        eq(files.owner, owner),
        // Sorts behind every hexadecimal digit.
        sql`${files.upload_key} > ${after} AND ${files.upload_key} < ${`${prefix}g`}`,
      ),
    )
    .orderBy(files.upload_key)
    .limit(PAGE)
    .all();
}

/**
 * Removes the files of a course that no version names any more.
 * @param isNamed whether something names this id.
 * @returns the number of removed files.
 */
export async function removeCourseFiles(
  env: Env,
  db: Database,
  { owner, course, isNamed }: { owner: string; course: string; isNamed: (id: string) => boolean },
): Promise<number> {
  let removed = 0;
  for (let after = courseKey(course); ; ) {
    const page = await pageOf(db, owner, course, after);
    for (const file of page) {
      if (isNamed(file.id)) continue;
      await removeFile(env, db, file);
      removed += 1;
    }
    const last = page.at(-1)?.upload_key;
    if (page.length < PAGE || last == null) return removed;
    after = last;
  }
}
