import { loadImporting } from "../courses/index.ts";
import { tellHooks } from "../hooks/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { describeFault, logEvent, logFault } from "../platform/log.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { attachFiles } from "./attach.ts";
import { removeUnnamed } from "./drop.ts";
import { started, tell, tellEnd, updated } from "./events.ts";
import { archiveKey, keysOf, reportKey } from "./keys.ts";
import { FIRST_WAIT_MS, MAX_ATTEMPTS, MAX_DRAFTS, PROGRESS_EVERY_MS } from "./limits.ts";
import { importPeople, lookAtPeople } from "./people-job.ts";
import { courseToImportInto, ownerNow } from "./rights.ts";
import { type BucketSource, bucketSource } from "./source.ts";
import {
  doneStatement,
  fail,
  findImport,
  giveUp,
  type Held,
  importsDatabase,
  layDown,
  note,
  noteAnnounced,
  take,
} from "./store.ts";
import type { ImportRow } from "./tables.ts";

/** The job belongs to another worker by now, or its owner was erased. */
class LeaseLost extends Error {}

/**
 * Does an import, or notifies its owner of the end, as its row says. It begins again each time, and nothing counts
 * before the one batch that stores the draft and ends the job. So it does not matter how often it is killed, or whether
 * two workers do it at once.
 * @throws when the row cannot be read or written: the message comes again.
 */
export async function work(env: Env, id: string): Promise<void> {
  const db = importsDatabase(env);
  const held = await take(db, id, Date.now());
  if (held !== null) await attempt(env, db, held);
  else await giveUp(db, id, killed(), Date.now());
  const row = await findImport(db, id);
  if (row === undefined || row.announced === 1) return;
  await tellOthers(env, row);
  if (await tellEnd(env, row)) await noteAnnounced(db, id);
}

/** Notifies other systems of an import that is done. They may be notified twice, under the same id. */
async function tellOthers(
  env: Env,
  { id, kind, state, course_slug: course, version, finished_at }: ImportRow,
): Promise<void> {
  if (state !== "done") return;
  const data = { course_id: course, import_id: id, kind, course_version: version };
  const at = finished_at ?? Date.now();
  await tellHooks(env, [{ course, type: "import.done", at, about: course, key: id, data }]);
}

function killed() {
  const message = `The import was started ${MAX_ATTEMPTS} times and was never finished.`;
  return { path: "", rule: "gave_up", message };
}

async function attempt(env: Env, db: Database, held: Held): Promise<void> {
  const { row } = held;
  try {
    const stored = await doOnce(env, db, held);
    if (stored.ok) logEvent("import_done", { import: row.id, course: row.course_slug, version: stored.value });
    else await end(env, db, held, stored.refusal);
  } catch (fault) {
    logFault("import_attempt_failed", fault, { import: row.id, attempt: row.attempts });
    const isLast = row.attempts >= MAX_ATTEMPTS;
    const error = { path: "", rule: "attempt_failed", message: describeFault(fault).slice(0, 500) };
    const wait = FIRST_WAIT_MS * 2 ** (row.attempts - 1);
    const isOurs = isLast
      ? await fail(db, held, [error], Date.now())
      : await layDown(db, held, error, Date.now() + wait);
    // The row is gone: what this attempt has stored is removed too.
    if (isOurs) return;
    const now = await findImport(db, row.id);
    if (now === undefined) await env.DOCUMENTS.delete(keysOf(row.id));
    if (row.kind === "course" && (now === undefined || now.state === "failed")) await removeStored(env, db, row);
  }
}

/** One attempt, of any kind of job. @returns the version of a draft; null if none is made. */
function doOnce(env: Env, db: Database, held: Held): Promise<Result<number | null>> {
  if (held.row.kind === "roster") return lookAtPeople(env, db, held, progress(env, db, held));
  if (held.row.kind === "people") return importPeople(env, db, held);
  return importOnce(env, db, held);
}

/** Ends the job with the faults. */
async function end(env: Env, db: Database, held: Held, refusal: Refusal): Promise<void> {
  const { code, detail = code, errors = [] } = refusal;
  const all = errors.length > 0 ? errors : [{ path: held.row.name, rule: code, message: detail }];
  await fail(db, held, all, Date.now());
  if (held.row.kind === "course") await removeStored(env, db, held.row);
  logEvent("import_failed", { import: held.row.id, course: held.row.course_slug, code });
}

/**
 * Removes the files that this import has stored and no version of the course names. If that fails, the next import
 * removes them.
 */
async function removeStored(env: Env, db: Database, { id, owner, course_slug: course }: ImportRow): Promise<void> {
  await removeUnnamed(env, db, { id, owner, course }).catch((fault: unknown) =>
    logFault("import_files_left", fault, { import: id }),
  );
}

/** One attempt from the beginning. @returns the draft's version, or the faults of the archive or the course. */
async function importOnce(env: Env, db: Database, held: Held): Promise<Result<number>> {
  const { row } = held;
  await tell(env, row, started(row));
  const { checkImported, countDrafts, createCourse, readArchive, storeDraft } = await loadImporting();
  const { course_slug: slug, name, size } = row;
  const source = bucketSource(env.DOCUMENTS, { key: archiveKey(row.id), name, size }, progress(env, db, held));
  const read = await readArchive(row.format, source, slug);
  // For a reader, a bucket that does not answer looks like an archive that was cut off.
  throwFault(source);
  if (!read.ok) return read;
  const owner = await ownerNow(env, row, Date.now());
  if (!owner.ok && owner.refusal.code === "unavailable")
    throw new Error("it is not known now whether the owner may still import");
  if (!owner.ok) return owner;
  const by = { actor: owner.value, request_id: row.request_id };
  const course = await courseToImportInto(db, owner.value, slug);
  if (!course.ok) return course;
  await tell(env, row, updated(row, size, "files"));
  const attached = await attachFiles({ env, db, owner: row.owner, course: slug }, source, read.value);
  throwFault(source);
  if (!attached.ok) return attached;
  const { report } = attached.value;
  await put(env, reportKey(row.id), report);
  const counts = JSON.stringify(report.counts);
  await keep(await note(db, held, { state: "checking", bytes_read: size, counts, reported: 1 }, Date.now()));
  await tell(env, row, updated(row, size, "checking"));
  const checked = await checkImported(attached.value, Date.now());
  if (!checked.ok) return checked;
  if ((await countDrafts(db, slug)) >= MAX_DRAFTS) {
    return refuse("quota_exceeded", { detail: `The course has ${MAX_DRAFTS} drafts. Drop some, then import again.` });
  }
  if (course.value === null && (await createCourse(db, checked.value.document, by, Date.now())) === null) {
    return refuse("concurrent_change", { detail: "Somebody else made a course with this slug in the meantime." });
  }
  const claim = { done: (batch: Database, version: number) => doneStatement(batch, held, version, Date.now()) };
  const stored = await storeDraft(env, db, checked.value, { ...by, note: `Imported from ${row.format}`, claim });
  if (!stored.ok && stored.refusal.code === "concurrent_change")
    throw new Error("other requests stored versions all the time");
  return stored.ok ? ok(stored.value.version) : stored;
}

/** @throws the error of a bucket, if it had one. */
function throwFault({ fault }: BucketSource): void {
  if (fault !== null) throw fault.reason;
}

/** Notes how far the reading is, at most once a second; it ends when the lease is lost. */
function progress(env: Env, db: Database, held: Held): (bytes: number) => Promise<void> {
  let last = Date.now();
  let most = 0;
  return async (bytes) => {
    // When an archive is read a second time, the progress continues from the end.
    most = Math.max(most, bytes);
    const bytes_read = most;
    const now = Date.now();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    await keep(await note(db, held, { bytes_read }, now));
    await tell(env, held.row, updated(held.row, bytes_read));
  };
}

function keep(isOurs: boolean): void {
  if (!isOurs) throw new LeaseLost("another worker has taken over the import");
}

async function put(env: Env, key: string, value: object): Promise<void> {
  await env.DOCUMENTS.put(key, JSON.stringify(value), { httpMetadata: { contentType: "application/json" } });
}
