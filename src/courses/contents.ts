import { z } from "@hono/zod-openapi";
import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Database } from "../platform/database/counted.ts";
import type { LocalizedText } from "../platform/text.ts";
import { type Question, questionOf, questionSchema } from "./question.ts";
import { CONTENTS_WITH } from "./statements.ts";
import { courseContents } from "./tables.ts";

const contentShape = z.custom<LocalizedText>((value) => typeof value === "object" && value !== null);

declare const permitted: unique symbol;

/**
 * Permission to show the content of one item in one version. Only `mirror/access.ts` issues it, after asking the rules
 * at this instant (or the caller's role), so that nothing else can show content.
 */
export interface Permit {
  readonly course: string;
  readonly version: number;
  readonly item: string;
  readonly [permitted]: true;
}

/** Permission to search in the texts of some items of one version, given as {@link Permit} is. */
export interface SearchPermit {
  readonly course: string;
  readonly version: number;
  readonly items: readonly string[];
  readonly [permitted]: true;
}

/** Texts that one search reads at most: each may have 64,000 characters in each language. */
const MAX_TEXTS = 30;
/** Words of a search. */
export const MAX_WORDS = 4;

/**
 * Texts that contain all of some words, in any language, by item. D1 ignores the case of ASCII letters only.
 * @param words at most {@link MAX_WORDS}, in lower case.
 */
export async function searchContents(
  db: D1Database,
  { course, version, items }: SearchPermit,
  words: readonly string[],
): Promise<{ item: string; text: LocalizedText }[]> {
  // The word as it is written in JSON.
  const [first = "", second = "", third = "", fourth = ""] = words.map((word) => JSON.stringify(word).slice(1, -1));
  const rows = await CONTENTS_WITH.find<{ item_id: string; content: string }>(
    db,
    items,
    course,
    version,
    first,
    second,
    third,
    fourth,
    MAX_TEXTS,
  );
  return rows.map(({ item_id, content }) => ({ item: item_id, text: contentShape.parse(JSON.parse(content)) }));
}

/** The content that one item shows to everybody who may open it. */
export interface ItemShown {
  /** Null when the author wrote none. */
  text: LocalizedText | null;
  /** Null: any text is an answer, or the item is no problem. */
  question: Question | null;
}

/** The Markdown of one item and its question in one version; one D1 query. */
export async function loadShown(db: Database, { course, version, item }: Permit): Promise<ItemShown> {
  const question = questionOf(item);
  const rows = await db
    .select({ item: courseContents.item_id, content: courseContents.content })
    .from(courseContents)
    .where(
      and(
        eq(courseContents.course_slug, course),
        eq(courseContents.version, version),
        inArray(courseContents.item_id, [item, question]),
      ),
    )
    .all();
  const stored = new Map(rows.map((row) => [row.item, row.content]));
  const [text, asked] = [stored.get(item), stored.get(question)];
  return {
    text: text === undefined ? null : contentShape.parse(JSON.parse(text)),
    question: asked === undefined ? null : questionSchema.parse(JSON.parse(asked)),
  };
}

/** The stored content of one item in one version, unchanged. */
export async function textOfItem(
  db: Database,
  { course, version, item }: { course: string; version: number; item: string },
): Promise<string | null> {
  const row = await db
    .select({ content: courseContents.content })
    .from(courseContents)
    .where(
      and(
        eq(courseContents.course_slug, course),
        eq(courseContents.version, version),
        eq(courseContents.item_id, item),
      ),
    )
    .get();
  return row?.content ?? null;
}

/** Statement that removes the texts of a version that no learner has, if a condition is true. */
export function removeContents(db: Database, course: string, version: number, condition: SQL): BatchItem<"sqlite"> {
  return db
    .delete(courseContents)
    .where(and(eq(courseContents.course_slug, course), eq(courseContents.version, version), condition));
}

/** Rows read in one step: with the longest texts they have some megabytes. */
const PAGE = 50;
const FILE = /\/files\/([0-9a-f]{32})/g;

/** Ids of the files that the texts of any version of a course name. */
export async function filesOfVersions(db: Database, course: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let after = { version: -1, item: "" }; ; ) {
    const rows = await db
      .select()
      .from(courseContents)
      .where(
        and(
          eq(courseContents.course_slug, course),
          sql`(${courseContents.version}, ${courseContents.item_id}) > (${after.version}, ${after.item})`,
        ),
      )
      .orderBy(courseContents.version, courseContents.item_id)
      .limit(PAGE)
      .all();
    for (const { content } of rows) for (const [, id] of content.matchAll(FILE)) if (id !== undefined) ids.add(id);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return ids;
    after = { version: last.version, item: last.item_id };
  }
}
