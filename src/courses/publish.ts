import { and, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { addAuditEntry } from "../audit/index.ts";
import { askForDeliveries, type News, newsItems } from "../hooks/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { fillOfShards, leastFilled, shardBound } from "../platform/database/room.ts";
import type { KeyClaim } from "../platform/http/idempotency.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { readAnalyze } from "../unlock/index.ts";
import type { PublishedVersion } from "./answers.ts";
import { type CourseEntry, fetchCourse, forgetCourse, loadProgram } from "./catalog.ts";
import { type CourseDocument, documentPaths, splitDocument } from "./document.ts";
import { MAX_ITEMS } from "./max-items.ts";
import { courseActivations, courses, courseVersions } from "./tables.ts";
import {
  type CheckedDocument,
  hashOf,
  isConflict,
  isGone,
  keepDocument,
  newestVersion,
  summaryOf,
  versionStatements,
} from "./versions.ts";

/** Opened items stay open (grandfather), or the new rules apply to everyone at once (relock). */
export type PublishPolicy = "grandfather" | "relock";

/** Tries when somebody else publishes to the same course at the same moment. */
const PUBLISH_TRIES = 3;

/** What the room above adds to a change of version: statements that run in the same D1 batch. */
export type MarkStale = (db: Database, course: string, now: number) => BatchItem<"sqlite">;

/** Who changes the active version, and how. */
export interface ChangeOptions {
  policy: PublishPolicy;
  actor: { id: string; role: string };
  request_id: string;
  markStale: MarkStale;
  /** The hold of the request on its Idempotency-Key: it is noted with the change that the change is there. */
  claim?: KeyClaim | null;
}

/** Who stores a version that nobody is to see yet. */
export interface DraftOptions extends Pick<ChangeOptions, "actor" | "request_id"> {
  note: string | null;
  /** What belongs to the storing: in its batch, or alone where the version is there already. */
  claim?: { done(db: Database, version: number): BatchItem<"sqlite"> } | null;
}

/** A version that was stored without making it the active one. */
export interface DraftVersion
  extends Pick<PublishedVersion, "course" | "version" | "chapters" | "problems" | "warnings"> {
  /** False when the course has this very document as a version already. */
  created: boolean;
}

/**
 * Everything that can be wrong with a document, all at once; or its outline, contents and warnings.
 * @param now epoch ms: what has closed by then is warned of.
 */
export async function checkDocument(
  slug: string,
  document: CourseDocument,
  now: number,
): Promise<Result<CheckedDocument>> {
  const { outline, contents } = splitDocument(document);
  const analyze = await readAnalyze();
  const { errors, warnings } = analyze(outline, documentPaths(document), now);
  if (document.slug !== slug) {
    errors.unshift({ path: "document.slug", rule: "other_course", message: `The document says "${document.slug}".` });
  }
  const items = outline.chapters.length + outline.problems.length;
  if (items > MAX_ITEMS) {
    errors.unshift({ path: "document", rule: "too_many_items", message: `${items} items; at most ${MAX_ITEMS}.` });
  }
  if (errors.length > 0) return refuse("invalid_course", { errors, extra: { warnings } });
  return ok({ document, outline, contents, warnings });
}

/**
 * Publishes a checked document as the next version and activates it, in one D1 batch: version, outline, contents,
 * pointer and stale marks are there together or not at all. The document itself goes to R2 first, by its hash, so a
 * crash leaves at most an unreferenced copy of a document.
 *
 * @returns `concurrent_change` when others kept publishing at the same moment.
 */
export async function publish(
  env: Env,
  db: Database,
  checked: CheckedDocument,
  options: ChangeOptions & { note: string | null },
): Promise<Result<PublishedVersion>> {
  const { outline } = checked;
  const slug = outline.course;
  const sha256 = await keepDocument(env, checked);
  const summary = summaryOf(checked);
  for (let attempt = 1; attempt <= PUBLISH_TRIES; attempt += 1) {
    const current = await fetchCourse(db, slug);
    if (current === null) return refuse("course_not_found");
    if (current.pointer !== null && (await hashOf(db, slug, current.pointer.version)) === sha256) {
      const { version } = current.pointer;
      const activated = await activate(env, db, slug, version, options);
      return activated.ok ? ok({ ...summary, ...activated.value }) : activated;
    }
    const shard = await shardFor(env, current);
    if (shard === null) return refuse("shards_full", { detail: "Add a database, then publish again." });
    const now = Date.now();
    const version = ((await newestVersion(db, slug)) ?? 0) + 1;
    const activation = (current.pointer?.activation ?? 0) + 1;
    const [insert, ...rest] = versionStatements(db, checked, { version, sha256, now, ...options });
    const told = await newsItems(env, db, publishedNews(slug, version, activation, now));
    try {
      await db.batch([
        insert,
        ...rest,
        ...told.items,
        ...activationStatements(db, slug, {
          version,
          activation,
          title: JSON.stringify(outline.title),
          now,
          audited: "course.published",
          ...shard,
          ...options,
        }),
      ]);
    } catch (fault) {
      if (isConflict(fault)) continue;
      throw fault;
    } finally {
      forgetCourse(slug);
    }
    await askForDeliveries(env, told.listeners);
    return ok({ ...summary, version, activation, created: true });
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/**
 * Stores a checked document as the next version and leaves the active one as it is: nobody but who manages the course
 * sees it, until it is activated. A document that is a version of the course already makes no other.
 *
 * @returns `concurrent_change` when others kept publishing at the same moment.
 */
export async function storeDraft(
  env: Env,
  db: Database,
  checked: CheckedDocument,
  options: DraftOptions,
): Promise<Result<DraftVersion>> {
  const slug = checked.outline.course;
  const sha256 = await keepDocument(env, checked);
  const summary = summaryOf(checked);
  const claimed = (version: number) => (options.claim == null ? [] : [options.claim.done(db, version)]);
  for (let attempt = 1; attempt <= PUBLISH_TRIES; attempt += 1) {
    if ((await fetchCourse(db, slug)) === null) return refuse("course_not_found");
    const same = await newestVersion(db, slug, sha256);
    if (same !== null) {
      const [claim] = claimed(same);
      if (claim !== undefined) await db.batch([claim]);
      return ok({ ...summary, version: same, created: false });
    }
    const now = Date.now();
    const version = ((await newestVersion(db, slug)) ?? 0) + 1;
    const entry = {
      action: "course.drafted",
      actor: options.actor,
      target: { type: "course", id: slug },
      course: slug,
      request_id: options.request_id,
      details: { version },
      unique: `${slug}:${version}`,
    } as const;
    const [insert, ...rest] = versionStatements(db, checked, { version, sha256, now, ...options });
    try {
      await db.batch([insert, ...rest, addAuditEntry(db, entry, now), ...claimed(version)]);
    } catch (fault) {
      if (isConflict(fault)) continue;
      throw fault;
    }
    return ok({ ...summary, version, created: true });
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/** Moves the pointer to an existing version: an older one, or one that was only stored so far. */
export async function activate(
  env: Env,
  db: Database,
  slug: string,
  version: number,
  options: ChangeOptions,
): Promise<Result<{ course: string; version: number; activation: number; created: boolean }>> {
  for (let attempt = 1; attempt <= PUBLISH_TRIES; attempt += 1) {
    const current = await fetchCourse(db, slug);
    if (current === null) return refuse("course_not_found");
    if ((await hashOf(db, slug, version)) === null) return refuse("version_not_found");
    // The same version again changes nothing, unless it is to apply to everyone at once.
    if (current.pointer?.version === version && options.policy === "grandfather") {
      return ok({ course: slug, version, activation: current.pointer.activation, created: false });
    }
    const shard = await shardFor(env, current);
    if (shard === null) return refuse("shards_full", { detail: "Add a database, then activate again." });
    const activation = (current.pointer?.activation ?? 0) + 1;
    const now = Date.now();
    const told = await newsItems(env, db, publishedNews(slug, version, activation, now));
    const [first, ...rest] = activationStatements(db, slug, {
      version,
      activation,
      title: await titleOfDraft(db, slug, version),
      now,
      audited: "course.activated",
      ...shard,
      ...options,
    });
    if (first === undefined) throw new Error("an activation has statements");
    try {
      await db.batch([first, ...rest, ...told.items, stillThere(db, slug, version)]);
    } catch (fault) {
      if (isConflict(fault) || isGone(fault)) continue;
      throw fault;
    } finally {
      forgetCourse(slug);
    }
    await askForDeliveries(env, told.listeners);
    return ok({ course: slug, version, activation, created: true });
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

function publishedNews(course: string, version: number, activation: number, at: number): News {
  const data = { course_id: course, course_version: version, activation };
  return { course, type: "course.published", at, about: course, key: String(activation), data };
}

/** Fails the whole batch where the version was dropped meanwhile: a null stands in a column that may not be null. */
function stillThere(db: Database, slug: string, version: number): BatchItem<"sqlite"> {
  return db
    .update(courseVersions)
    .set({ is_kept: sql`CASE WHEN dropped_at IS NULL THEN is_kept END` })
    .where(and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version)));
}

/** Where a course is placed that was never active: nobody can have enrolled yet. What is there stays. Null: all are full. */
async function shardFor(env: Env, { pointer }: CourseEntry): Promise<{ shard?: string } | null> {
  if (pointer !== null) return {};
  const shard = leastFilled(await fillOfShards(env), shardBound(env));
  return shard === null ? null : { shard };
}

/** The course takes the title of a version that was never active before, as it does at a publish; null: it keeps its own. */
async function titleOfDraft(db: Database, slug: string, version: number): Promise<string | null> {
  const before = await db
    .select({ activation: courseActivations.activation })
    .from(courseActivations)
    .where(and(eq(courseActivations.course_slug, slug), eq(courseActivations.version, version)))
    .limit(1)
    .get();
  if (before !== undefined) return null;
  const program = await loadProgram(db, slug, version);
  return program === null ? null : JSON.stringify(program.outline.title);
}

/** The insert of the activation comes first: its primary key is what makes the loser of two publishes fail whole. */
function activationStatements(
  db: Database,
  slug: string,
  change: ChangeOptions & {
    version: number;
    activation: number;
    title: string | null;
    now: number;
    audited: "course.published" | "course.activated";
    /** Where the course is placed, at its first publish. */
    shard?: string;
  },
): BatchItem<"sqlite">[] {
  const { version, activation, policy, now, actor, request_id } = change;
  const entry = {
    action: change.audited,
    actor,
    target: { type: "course", id: slug },
    course: slug,
    request_id,
    details: { version, activation, policy },
    unique: `${slug}:${activation}`,
  };
  return [
    db.insert(courseActivations).values({
      course_slug: slug,
      activation,
      version,
      policy,
      activated_by: actor.id,
      activated_at: now,
    }),
    db
      .update(courses)
      .set({
        active_version: version,
        activation,
        updated_at: now,
        ...(change.title === null ? {} : { title: change.title }),
        ...(policy === "relock" ? { last_relock: activation } : {}),
        ...(change.shard === undefined ? {} : { shard: change.shard, shard_generation: 0 }),
      })
      .where(eq(courses.slug, slug)),
    // Nobody can have enrolled before the first activation.
    ...(activation > 1 ? [change.markStale(db, slug, now)] : []),
    addAuditEntry(db, entry, now),
    ...(change.claim == null ? [] : [change.claim.done(db)]),
  ];
}
