import { z } from "@hono/zod-openapi";
import { oneBatch, utf8Bytes } from "../../platform/database/batches.ts";
import { directory } from "../../platform/database/shards.ts";
import { toInstant } from "../../platform/instants.ts";
import type { Definition } from "./form/activity.ts";
import { activitiesNamed } from "./form/agents-of.ts";
import { multipartOf, type Part } from "./form/multipart.ts";
import { shownAs } from "./form/shown.ts";
import type { Statement } from "./form/statement.ts";
import { type KeptRow, keptRow, statementIn } from "./kept.ts";
import { PAGE_ATTACHMENT_BYTES, PAGE_BYTES } from "./limits.ts";
import type { Asked } from "./sought.ts";
import {
  ATTACHMENT_SIZES,
  ATTACHMENTS,
  clock,
  DEFINITIONS,
  NEWEST_FOUND,
  newestStatements,
  OLDEST_FOUND,
  oldestStatements,
  oneStatement,
} from "./statements.ts";

/** Statements that were found, and up to when everything stored is among what could be. */
export interface Found {
  rows: KeptRow[];
  /** Where the next page starts; null: there is none. */
  next: number | null;
  through: string;
}

const nowSchema = z.object({ now: z.int() });

/** The statements of one page, or the one that is asked for. */
export async function findStatements(env: Env, course: string, asked: Asked): Promise<Found> {
  const db = directory(env);
  // First the clock: whatever is stored later than it says may be missing.
  const [at, found] = await db.batch([clock(db), readingOf(db, course, asked)]);
  const through = toInstant(nowSchema.parse(at?.results[0]).now);
  const all = (found?.results ?? []).map((row) => keptRow.parse(row));
  const sizes = asked.withAttachments ? await sizesOf(db, course, all) : new Map<number, number>();
  let [bytes, attached] = [0, 0];
  const cut = all.findIndex(({ seq, body }, index) => {
    bytes += utf8Bytes(body);
    attached += sizes.get(seq) ?? 0;
    const isFull = index >= asked.limit || bytes > PAGE_BYTES || attached > PAGE_ATTACHMENT_BYTES;
    return index > 0 && isFull;
  });
  const rows = cut < 0 ? all : all.slice(0, cut);
  return { rows, next: cut < 0 ? null : (rows.at(-1)?.seq ?? null), through };
}

const sizeRow = z.object({ seq: z.int(), size: z.int() });

/** Bytes of the attachments of each statement that has some. */
async function sizesOf(db: D1Database, course: string, rows: readonly KeptRow[]): Promise<Map<number, number>> {
  const numbers = rows.map(({ seq }) => seq);
  const sizes = new Map<number, number>();
  for (const row of await ATTACHMENT_SIZES.find(db, numbers, course)) {
    const { seq, size } = sizeRow.parse(row);
    sizes.set(seq, (sizes.get(seq) ?? 0) + size);
  }
  return sizes;
}

function readingOf(db: D1Database, course: string, asked: Asked): D1PreparedStatement {
  const { one, terms, position, since, until, limit, isAscending } = asked;
  if (one !== null) return oneStatement(db, course, one.id, one.isVoided ? 1 : 0);
  const [term, ...others] = terms;
  const values = [position, since, until, limit + 1] as const;
  if (term === undefined) return (isAscending ? oldestStatements : newestStatements)(db, course, ...values);
  return (isAscending ? OLDEST_FOUND : NEWEST_FOUND).bind(db, oneBatch(others), course, ...values, term);
}

/** Statements in the form that was asked for. */
export async function showStatements(
  env: Env,
  course: string,
  rows: readonly KeptRow[],
  { format }: Asked,
  languages: string,
): Promise<Statement[]> {
  const statements = rows.map(statementIn);
  if (format === "exact") return statements;
  const ids =
    format === "ids" ? [] : [...new Set(statements.flatMap((one) => activitiesNamed(one).map(({ id }) => id)))];
  const definitions = await definitionsOf(env, course, ids);
  return statements.map((one) => shownAs(one, { format, languages, definitionOf: (id) => definitions.get(id) }));
}

const definitionRow = z.object({ id: z.string(), definition: z.string() });
/** It was validated before it was written. */
const definitionShape = z.custom<Definition>((value) => typeof value === "object" && value !== null);

/** What the store knows of activities. */
export async function definitionsOf(
  env: Env,
  course: string,
  ids: readonly string[],
): Promise<Map<string, Definition>> {
  const rows = await DEFINITIONS.find(directory(env), ids, course);
  return new Map(
    rows.map((row) => {
      const { id, definition } = definitionRow.parse(row);
      return [id, definitionShape.parse(JSON.parse(definition))];
    }),
  );
}

const attachmentRow = z.object({ sha2: z.string(), content_type: z.string(), bytes: z.string() });

/** An answer of statements with the attachments that are kept of them. */
export async function withAttachments(env: Env, course: string, rows: readonly KeptRow[], json: string) {
  const found = await ATTACHMENTS.find(
    directory(env),
    rows.map(({ seq }) => seq),
    course,
  );
  const kept = new Map(found.map((row) => attachmentRow.parse(row)).map((row) => [row.sha2, row]));
  const first: Part = {
    headers: new Map([["Content-Type", "application/json"]]),
    bytes: new TextEncoder().encode(json),
  };
  const parts = [...kept.values()].map(
    ({ sha2, content_type, bytes }): Part => ({
      headers: new Map([
        ["Content-Type", content_type],
        ["Content-Transfer-Encoding", "binary"],
        ["X-Experience-API-Hash", sha2],
      ]),
      bytes: Uint8Array.fromBase64(bytes),
    }),
  );
  return multipartOf([first, ...parts]);
}
