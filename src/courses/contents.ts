import { z } from "@hono/zod-openapi";
import { and, eq } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import type { LocalizedText } from "../shared/text.ts";
import { courseContents } from "./tables.ts";

const contentShape = z.custom<LocalizedText>((value) => typeof value === "object" && value !== null);

/** The Markdown of one item in one version; one D1 query. Null when the author wrote none. */
export async function loadContent(
  db: Database,
  course: string,
  version: number,
  item: string,
): Promise<LocalizedText | null> {
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
  return row === undefined ? null : contentShape.parse(JSON.parse(row.content));
}
