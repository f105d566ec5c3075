import type { Content, ReadAnswer, SnapshotInfo } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import type { AppContext } from "../platform/http/context.ts";
import { namesTag } from "../platform/http/etag.ts";
import { type Result, refuse } from "../platform/results.ts";

/**
 * The HTTP answer to an unlock read: 304, the rendered bytes, or the result of `body` for a single item.
 * @param body only for reads of one item; lists and states need none.
 */
export async function sendRead(
  c: AppContext,
  result: Result<ReadAnswer>,
  body?: (content: Content, snapshot: SnapshotInfo) => Promise<Result<object>> | Result<object>,
): Promise<Response> {
  if (!result.ok) return respond(c, result.refusal);
  const { etag, snapshot } = result.value;
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": etag === "" ? "no-store" : "private, no-cache",
    "x-latchkey-source": snapshot.source,
  };
  // From the edge, the states are the same but not the bytes: they also say when the answer was given.
  if (etag !== "") headers.etag = snapshot.as_of === undefined ? etag : `W/${etag}`;
  if (snapshot.as_of !== undefined) headers.age = String(ageOf(snapshot.as_of, Date.now()));
  if (result.value.unchanged) return new Response(null, { status: 304, headers });
  const { content } = result.value;
  if (content.kind === "body") {
    if (namesTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
    return new Response(content.body, { headers });
  }
  const single = (await body?.(content, snapshot)) ?? refuse("internal");
  return single.ok ? new Response(JSON.stringify(single.value), { headers }) : respond(c, single.refusal);
}

/** Whole seconds, never too low. */
function ageOf(asOf: string, now: number): number {
  return Math.max(0, Math.ceil((now - Date.parse(asOf)) / 1_000));
}
