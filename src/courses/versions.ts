import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { cutByBytes, cutText, firstBytes, jsonSet } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Outline } from "../unlock/index.ts";
import type { PublishedVersion } from "./answers.ts";
import type { CourseDocument, ItemContent } from "./document.ts";
import { courseContents, courseOutlines, courseVersions } from "./tables.ts";

/** A document in which nothing is wrong, as it is stored. */
export interface CheckedDocument {
  document: CourseDocument;
  outline: Outline;
  contents: ItemContent[];
  warnings: PublishedVersion["warnings"];
}

/** Puts the document where its versions name it. @returns its SHA-256 in hex. */
export async function keepDocument(env: Env, { document }: CheckedDocument): Promise<string> {
  const source = JSON.stringify(document);
  const sha256 = await sha256Hex(source);
  const key = documentKey(document.slug, sha256);
  await env.DOCUMENTS.put(key, source, { httpMetadata: { contentType: "application/json" } });
  return sha256;
}

/** What a publish answers of any version. */
export function summaryOf({ outline, warnings }: CheckedDocument) {
  const { chapters, problems } = outline;
  return { course: outline.course, chapters: chapters.length, problems: problems.length, warnings };
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

/** Where a version's source document is in R2. */
export function documentKey(slug: string, sha256: string): string {
  return `courses/${slug}/${sha256}.json`;
}

/** A version that is there: drafts that were dropped are not. */
export const isThere = isNull(courseVersions.dropped_at);

/** SHA-256 of the document of a version, in hex; null: there is no such version. */
export async function hashOf(db: Database, slug: string, version: number): Promise<string | null> {
  const row = await db
    .select({ sha256: courseVersions.sha256 })
    .from(courseVersions)
    .where(and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version), isThere))
    .get();
  return row?.sha256 ?? null;
}

/**
 * The newest version of a course, dropped ones included, because no number is given twice; or the newest that is there
 * with this document. Null: there is none.
 */
export async function newestVersion(db: Database, slug: string, sha256?: string): Promise<number | null> {
  const row = await db
    .select({ version: courseVersions.version })
    .from(courseVersions)
    .where(
      and(
        eq(courseVersions.course_slug, slug),
        sha256 === undefined ? undefined : and(eq(courseVersions.sha256, sha256), isThere),
      ),
    )
    .orderBy(desc(courseVersions.version))
    .limit(1)
    .get();
  return row?.version ?? null;
}

/** Version, outline and contents. The insert of the version comes first: its primary key makes the loser of two fail whole. */
export function versionStatements(
  db: Database,
  { outline, contents, warnings }: CheckedDocument,
  rest: { version: number; sha256: string; now: number; note: string | null; actor: { id: string } },
): [BatchItem<"sqlite">, ...BatchItem<"sqlite">[]] {
  const [slug, { version }] = [outline.course, rest];
  return [
    db.insert(courseVersions).values({
      course_slug: slug,
      version,
      sha256: rest.sha256,
      note: rest.note,
      chapter_count: outline.chapters.length,
      problem_count: outline.problems.length,
      warnings: JSON.stringify(storedWarnings(warnings)),
      published_by: rest.actor.id,
      published_at: rest.now,
    }),
    ...cutText(JSON.stringify(outline)).map((body, part) =>
      db.insert(courseOutlines).values({ course_slug: slug, version, part, body }),
    ),
    ...contentStatements(db, slug, version, contents),
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

/** Whether somebody else wrote the same version, or the same activation, first. */
export function isConflict(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (/UNIQUE constraint failed/.test(error.message)) return true;
  }
  return false;
}

/** Whether a version was dropped at the same moment. */
export function isGone(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (/NOT NULL constraint failed: course_versions\.is_kept/.test(error.message)) return true;
  }
  return false;
}
