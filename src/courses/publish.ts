import { and, desc, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { addAuditEntry } from "../audit/index.ts";
import { cutByBytes, cutText, firstBytes, jsonSet } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { fillOfShards, leastFilled, shardBound } from "../platform/database/room.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { KeyClaim } from "../platform/http/idempotency.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { type Outline, readAnalyze } from "../unlock/index.ts";
import type { PublishedVersion } from "./answers.ts";
import { fetchCourse, forgetCourse } from "./catalog.ts";
import { type CourseDocument, documentPaths, type ItemContent, splitDocument } from "./document.ts";
import { MAX_ITEMS } from "./max-items.ts";
import { courseActivations, courseContents, courseOutlines, courses, courseVersions } from "./tables.ts";

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

export interface CheckedDocument {
  document: CourseDocument;
  outline: Outline;
  contents: ItemContent[];
  warnings: PublishedVersion["warnings"];
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
  const { outline, contents, document, warnings } = checked;
  const slug = outline.course;
  const source = JSON.stringify(document);
  const sha256 = await sha256Hex(source);
  const summary = { course: slug, chapters: outline.chapters.length, problems: outline.problems.length, warnings };
  await env.DOCUMENTS.put(documentKey(slug, sha256), source, { httpMetadata: { contentType: "application/json" } });
  for (let attempt = 1; attempt <= PUBLISH_TRIES; attempt += 1) {
    const current = await fetchCourse(db, slug);
    if (current === null) return refuse("course_not_found");
    const latest = await db
      .select({ version: courseVersions.version, sha256: courseVersions.sha256 })
      .from(courseVersions)
      .where(eq(courseVersions.course_slug, slug))
      .orderBy(desc(courseVersions.version))
      .limit(1)
      .get();
    if (current.pointer !== null && (await hashOf(db, slug, current.pointer.version)) === sha256) {
      const { version } = current.pointer;
      const activated = await activate(db, slug, version, options);
      return activated.ok ? ok({ ...summary, ...activated.value }) : activated;
    }
    // Only when nobody can have enrolled yet: what is there stays where it is.
    const shard = current.pointer === null ? leastFilled(await fillOfShards(env), shardBound(env)) : undefined;
    if (shard === null) return refuse("shards_full", { detail: "Add a database, then publish again." });
    const now = Date.now();
    const version = (latest?.version ?? 0) + 1;
    const activation = (current.pointer?.activation ?? 0) + 1;
    const insertVersion = db.insert(courseVersions).values({
      course_slug: slug,
      version,
      sha256,
      note: options.note,
      chapter_count: summary.chapters,
      problem_count: summary.problems,
      warnings: JSON.stringify(storedWarnings(warnings)),
      published_by: options.actor.id,
      published_at: now,
    });
    try {
      await db.batch([
        insertVersion,
        ...cutText(JSON.stringify(outline)).map((body, part) =>
          db.insert(courseOutlines).values({ course_slug: slug, version, part, body }),
        ),
        ...contentStatements(db, slug, version, contents),
        ...activationStatements(db, slug, {
          version,
          activation,
          title: JSON.stringify(outline.title),
          now,
          audited: "course.published",
          ...(shard === undefined ? {} : { shard }),
          ...options,
        }),
      ]);
    } catch (fault) {
      if (isConflict(fault)) continue;
      throw fault;
    } finally {
      forgetCourse(slug);
    }
    return ok({ ...summary, version, activation, created: true });
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/** Moves the pointer to an existing version, older or newer. */
export async function activate(
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
    const activation = (current.pointer?.activation ?? 0) + 1;
    const [first, ...rest] = activationStatements(db, slug, {
      version,
      activation,
      title: null,
      now: Date.now(),
      audited: "course.activated",
      ...options,
    });
    if (first === undefined) throw new Error("an activation has statements");
    try {
      await db.batch([first, ...rest]);
    } catch (fault) {
      if (isConflict(fault)) continue;
      throw fault;
    } finally {
      forgetCourse(slug);
    }
    return ok({ course: slug, version, activation, created: true });
  }
  return refuse("concurrent_change", { retry_after: 1 });
}

/** Bytes of the warnings kept beside a version, which are one value of its row. */
const WARNING_BYTES = 1_000_000;

/** The warnings that are kept: all, or as many as there is room for and how many more there were. */
function storedWarnings(warnings: PublishedVersion["warnings"]): PublishedVersion["warnings"] {
  const kept = firstBytes(warnings, WARNING_BYTES);
  const more = warnings.length - kept.length;
  if (more === 0) return kept;
  return [...kept, { path: "document", rule: "more_warnings", message: `${more} more warnings were not kept.` }];
}

/** Where a version's source document lies in R2. */
export function documentKey(slug: string, sha256: string): string {
  return `courses/${slug}/${sha256}.json`;
}

async function hashOf(db: Database, slug: string, version: number): Promise<string | null> {
  const row = await db
    .select({ sha256: courseVersions.sha256 })
    .from(courseVersions)
    .where(and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version)))
    .get();
  return row?.sha256 ?? null;
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

function contentStatements(
  db: Database,
  slug: string,
  version: number,
  contents: readonly ItemContent[],
): BatchItem<"sqlite">[] {
  return cutByBytes(contents).map((batch) =>
    db
      .insert(courseContents)
      .select(sql`SELECT ${slug}, ${version}, value ->> 'item', value ->> 'content' FROM ${jsonSet(batch)}`),
  );
}

function isConflict(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (/UNIQUE constraint failed/.test(error.message)) return true;
  }
  return false;
}
