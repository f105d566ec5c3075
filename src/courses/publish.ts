import { and, desc, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { oweAudit } from "../audit/outbox.ts";
import type { Database } from "../bindings.ts";
import { sha256Hex } from "../shared/http.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { analyze, type Outline } from "../unlock/index.ts";
import { cutIntoParts, fetchCourse, forgetCourse, MAX_PART } from "./catalog.ts";
import { type CourseDocument, documentPaths, type ItemContent, MAX_ITEMS, splitDocument } from "./document.ts";
import { courseActivations, courseContents, courseOutlines, courses, courseVersions } from "./tables.ts";

/** Opened items stay open (grandfather), or the new rules apply to everyone at once (relock). */
export type PublishPolicy = "grandfather" | "relock";

/** Tries when somebody else publishes to the same course at the same moment. */
const PUBLISH_TRIES = 3;

export interface PublishedVersion {
  course: string;
  version: number;
  activation: number;
  /** False when the active version already is this very document and nobody is to be relocked: nothing was done. */
  created: boolean;
  chapters: number;
  problems: number;
  warnings: { path: string; rule: string; message: string }[];
}

/** What the room above adds to a change of version: statements that run in the same D1 batch. */
export type MarkStale = (db: Database, course: string, now: number) => BatchItem<"sqlite">;

/** Who changes the active version, and how. */
export interface ChangeOptions {
  policy: PublishPolicy;
  actor: { id: string; role: string };
  request_id: string;
  markStale: MarkStale;
}

export interface CheckedDocument {
  document: CourseDocument;
  outline: Outline;
  contents: ItemContent[];
  warnings: PublishedVersion["warnings"];
}

/** Everything that can be wrong with a document, all at once; or its outline, contents and warnings. */
export function checkDocument(slug: string, document: CourseDocument): Result<CheckedDocument> {
  const { outline, contents } = splitDocument(document);
  const { errors, warnings } = analyze(outline, documentPaths(document));
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
      warnings: JSON.stringify(warnings),
      published_by: options.actor.id,
      published_at: now,
    });
    try {
      await db.batch([
        insertVersion,
        ...cutIntoParts(JSON.stringify(outline)).map((body, part) =>
          db.insert(courseOutlines).values({ course_slug: slug, version, part, body }),
        ),
        ...contentStatements(db, slug, version, contents),
        ...activationStatements(db, slug, {
          version,
          activation,
          title: JSON.stringify(outline.title),
          now,
          audited: "course.published",
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
      })
      .where(eq(courses.slug, slug)),
    // Nobody can have enrolled before the first activation.
    ...(activation > 1 ? [change.markStale(db, slug, now)] : []),
    oweAudit(db, entry, now),
  ];
}

function contentStatements(
  db: Database,
  slug: string,
  version: number,
  contents: readonly ItemContent[],
): BatchItem<"sqlite">[] {
  const groups: ItemContent[][] = [];
  let room = 0;
  for (const entry of contents) {
    const size = JSON.stringify(entry).length;
    const last = groups.at(-1);
    if (last === undefined || size > room) {
      groups.push([entry]);
      room = MAX_PART - size;
    } else {
      last.push(entry);
      room -= size;
    }
  }
  return groups.map((group) =>
    db
      .insert(courseContents)
      .select(
        sql`SELECT ${slug}, ${version}, value ->> 'item', value ->> 'content' FROM json_each(${JSON.stringify(group)})`,
      ),
  );
}

function isConflict(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (/UNIQUE constraint failed/.test(error.message)) return true;
  }
  return false;
}
