import { z } from "@hono/zod-openapi";
import { firstBytes } from "../database/batches.ts";
import { ok, type Result, refuse } from "../results.ts";
import { type AcceptedSecrets, signingKey, withAnySecret } from "../secrets.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;
/** Bytes of the signature kept in a cursor: 128 bits cannot be guessed, and keep the cursor short. */
const SIGNATURE_BYTES = 16;

/** Query parameters of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().min(1).max(500).optional().openapi({ description: "`next_cursor` of the previous page; opaque." }),
};

/** `{results, next_cursor}`: the form of every list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ results: z.array(item), next_cursor: z.string().nullable() });
}

const encoder = new TextEncoder();

async function sign(secret: string, scope: string, position: string): Promise<Uint8Array> {
  const signature = await crypto.subtle.sign(
    "HMAC",
    await signingKey(secret, "cursor"),
    encoder.encode(`${scope}\n${position}`),
  );
  return new Uint8Array(signature).slice(0, SIGNATURE_BYTES);
}

/**
 * An opaque cursor: the position after which the next page starts, signed together with `scope` (the list and its
 * filters), so that another list refuses it.
 */
export async function encodeCursor(secret: string, scope: string, position: string): Promise<string> {
  const signature = await sign(secret, scope, position);
  return `${toBase64Url(encoder.encode(position))}.${toBase64Url(signature)}`;
}

/** The position inside a cursor, or `invalid_cursor` when it was not signed for this scope. */
export async function decodeCursor(secrets: AcceptedSecrets, scope: string, cursor: string): Promise<Result<string>> {
  const [body, signature, ...rest] = cursor.split(".");
  if (body === undefined || signature === undefined || rest.length > 0) return refuse("invalid_cursor");
  const bytes = fromBase64Url(body);
  const given = fromBase64Url(signature);
  if (bytes === null || given === null || given.byteLength !== SIGNATURE_BYTES) return refuse("invalid_cursor");
  const position = new TextDecoder().decode(bytes);
  const isGenuine = await withAnySecret(
    secrets,
    async (secret) => crypto.subtle.timingSafeEqual(given, await sign(secret, scope, position)),
    (equal) => equal,
  );
  return isGenuine ? ok(position) : refuse("invalid_cursor");
}

/** The rows of one page have together at most this many bytes of JSON; a single row may have more. */
export const PAGE_BYTES = 8_000_000;

/**
 * One page of a list that is read by position. It opens the cursor, reads one row more than asked for to know whether
 * there is a next page, and signs the cursor of the last row. A page with large rows has fewer than asked for, see
 * {@link PAGE_BYTES}.
 *
 * @param read rows after `after` (null: from the start), at most `take`.
 * @param positionOf the position of a row; the next page starts after it.
 */
export async function paginate<Row>(
  secrets: AcceptedSecrets,
  scope: string,
  query: { limit: number; cursor?: string | undefined },
  read: (after: string | null, take: number) => Promise<Row[]>,
  positionOf: (row: Row) => string,
): Promise<Result<{ page: Row[]; next: string | null }>> {
  const after = query.cursor === undefined ? ok(null) : await decodeCursor(secrets, scope, query.cursor);
  if (!after.ok) return after;
  const rows = await read(after.value, query.limit + 1);
  const page = firstBytes(rows.slice(0, query.limit), PAGE_BYTES);
  const last = page.at(-1);
  const hasMore = rows.length > page.length && last !== undefined;
  return ok({ page, next: hasMore ? await encodeCursor(secrets[0], scope, positionOf(last)) : null });
}

function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function fromBase64Url(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return null; // not base64url: the caller answers invalid_cursor
  }
}
