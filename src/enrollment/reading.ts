import { toInstant, toInstantOrNull } from "../shared/instants.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import type { Language } from "../shared/text.ts";
import {
  type ChapterRow,
  chapterRows,
  explain,
  itemStates,
  type ProblemRow,
  problemRows,
  type View,
  withTitles,
} from "../unlock/index.ts";
import type { Content, ReadRequest, SnapshotInfo, Want } from "./contract.ts";
import type { Meta } from "./store.ts";

/** What is asked for as a list. */
export type ListWant = Extract<Want, { kind: "chapters" | "problems" }>;

/** Signs the cursor that continues a list after a position (see shared/pagination.ts). */
export type SignCursor = (scope: string, position: string) => Promise<string>;

/** Rows as JSON text, with the ids that cursors point at. Rendered once per snapshot, list and language. */
export interface RenderedRows {
  ids: string[];
  json: string[];
}

/** One page of a list, still without its cursor and snapshot. */
interface Page {
  rows: string;
  /** Id of the last row if more follow, else null. */
  continuesAfter: string | null;
}

const encoder = new TextEncoder();

/** The list and its filters, as cursors are signed for it. */
export function cursorScope(
  course: string,
  want: { kind: "chapters" } | { kind: "problems"; chapter: string | null },
): string {
  return want.kind === "chapters" ? `chapters ${course}` : `problems ${want.chapter ?? course}`;
}

export function renderRows(view: View, want: ListWant, language: Language): Result<RenderedRows> {
  let rows: (ChapterRow | ProblemRow)[];
  if (want.kind === "chapters") rows = chapterRows(view, language);
  else if (want.chapter === null) rows = problemRows(view, language);
  else {
    const chapter = view.program.indexOf.get(want.chapter);
    if (chapter === undefined || chapter >= view.program.chapterCount || view.evaluation.visible[chapter] !== 1) {
      return refuse("item_not_found");
    }
    rows = problemRows(view, language, chapter);
  }
  return ok({ ids: rows.map((row) => row.id), json: rows.map((row) => JSON.stringify(row)) });
}

/** One page of rendered rows, after the row a cursor points at. A row that is gone ends the list early, never doubles it. */
function pageOf(rows: RenderedRows, after: string | null, limit: number): Page {
  const start = after === null ? 0 : rows.ids.indexOf(after) + 1;
  const from = after !== null && start === 0 ? rows.ids.length : start;
  const end = Math.min(from + limit, rows.ids.length);
  const hasMore = end > from && end < rows.ids.length;
  return { rows: rows.json.slice(from, end).join(","), continuesAfter: hasMore ? (rows.ids[end - 1] ?? null) : null };
}

/** The body of a list answer. Everything but the cursor's signature is taken from the arguments before it waits. */
export async function listBody(
  rows: RenderedRows,
  scope: string,
  want: ListWant,
  snapshot: SnapshotInfo,
  sign: SignCursor,
): Promise<Content> {
  const page = pageOf(rows, want.after, want.limit);
  const cursor = page.continuesAfter === null ? null : await sign(scope, page.continuesAfter);
  const text = `{"results":[${page.rows}],"next_cursor":${JSON.stringify(cursor)},"snapshot":${JSON.stringify(snapshot)}}`;
  return { kind: "body", body: encoder.encode(text) };
}

/** The body of the compact answer: state of every visible item by id. */
export function statesBody(view: View, snapshot: SnapshotInfo): Content {
  return { kind: "body", body: encoder.encode(JSON.stringify({ states: itemStates(view), snapshot })) };
}

/** One item with its explanation, or the explanation alone. */
export function itemContent(
  view: View,
  want: Extract<Want, { kind: "item" | "why" }>,
  language: Language,
): Result<Content> {
  const item = view.program.indexOf.get(want.item);
  if (item === undefined || view.evaluation.visible[item] !== 1) return refuse("item_not_found");
  const explanation = withTitles(
    view.program,
    explain(view.program, view.learner, view.evaluation, item, view.now),
    language,
  );
  if (want.kind === "why") return ok({ kind: "why", explanation });
  const rows = item < view.program.chapterCount ? chapterRows(view, language) : problemRows(view, language);
  const row = rows.find((candidate) => candidate.id === want.item);
  return ok({ kind: "item", row: JSON.stringify(row), is_open: view.evaluation.open[item] === 1, explanation });
}

/** Answers any want from a view that is computed for this one request (real time, staff, another instant). */
export async function contentFrom(
  view: View,
  request: Pick<ReadRequest, "want" | "language">,
  snapshot: SnapshotInfo,
  sign: SignCursor,
): Promise<Result<Content>> {
  const { want, language } = request;
  if (want.kind === "states") return ok(statesBody(view, snapshot));
  if (want.kind === "item" || want.kind === "why") return itemContent(view, want, language);
  const rows = renderRows(view, want, language);
  if (!rows.ok) return rows;
  return ok(await listBody(rows.value, cursorScope(view.program.outline.course, want), want, snapshot, sign));
}

/** @param behindSince instant (epoch ms) since when the answer is known to be older than the course. */
export function snapshotInfo(meta: Meta, source: SnapshotInfo["source"], behindSince: number | null): SnapshotInfo {
  return {
    version: meta.version,
    source,
    computed_at: toInstant(meta.computed_at),
    progress_seq: meta.progress_seq,
    policy_seq: meta.policy_seq,
    course_version: meta.course_version,
    engine: meta.engine,
    valid_until: toInstantOrNull(meta.valid_until),
    ...(behindSince === null ? {} : { stale_since: toInstant(behindSince) }),
  };
}

/**
 * Strong validator of one answer: the freshness tuple, the instant of evaluation, how it came about (all of which the
 * body shows), and what was asked for.
 */
export function etagOf(snapshot: SnapshotInfo, want: Want, language: Language): string {
  const { version, source, computed_at, progress_seq, policy_seq, course_version, engine, stale_since } = snapshot;
  const asked =
    want.kind === "chapters"
      ? `c.${want.after ?? ""}.${want.limit}`
      : want.kind === "problems"
        ? `p.${want.chapter ?? ""}.${want.after ?? ""}.${want.limit}`
        : want.kind === "states"
          ? "s"
          : `${want.kind}.${want.item}`;
  const computed = Date.parse(computed_at).toString(36);
  const stale = stale_since === undefined ? "" : `.${Date.parse(stale_since).toString(36)}`;
  return `"${version}.${progress_seq}.${policy_seq}.${course_version}.${engine}.${computed}${stale}.${source.charAt(0)}.${language}.${asked}"`;
}

/** Whether an If-None-Match header names this tag; proxies may have weakened it (RFC 9110 section 13.1.2). */
export function hasTag(header: string | null, etag: string): boolean {
  return header?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag) ?? false;
}
