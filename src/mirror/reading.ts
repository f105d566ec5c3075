import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import {
  agendaOf,
  type Explanation,
  itemStates,
  NONE,
  type Place,
  type Program,
  placeOf,
  placesOf,
  rowsAt,
  type View,
} from "../unlock/index.ts";
import { accessTo, explainVisible, visibleNow } from "./access.ts";
import type { Content, ReadRequest, SnapshotInfo, Want } from "./contract.ts";
import { type ListWant, passedIn, positionAfter, type Walked } from "./paging.ts";

/** Signs the cursor that continues a list after a position (see shared/pagination.ts). */
export type SignCursor = (scope: string, position: string) => Promise<string>;

/**
 * A learner's course as it was requested, and as it is now. They are the same unless another instant was requested:
 * then the first has states and reasons, and the second decides what may be known and shown at all.
 */
export interface Views {
  asked: View;
  present: View;
  /** Course version of `asked`, and of `present`. */
  version: number;
  presentVersion: number;
}

/** The views for a request about the present. */
export function presentOnly(present: View, version: number): Views {
  return { asked: present, present, version, presentVersion: version };
}

/** The rows of a list as JSON text: each is made when a page first needs it, once for each snapshot and language. */
export class ListRows {
  readonly places: readonly Place[];
  readonly program: Program;
  readonly #view: View;
  readonly #language: Language;
  readonly #json: (string | undefined)[] = [];

  constructor(view: View, places: readonly Place[], language: Language) {
    this.#view = view;
    this.program = view.program;
    this.places = places;
    this.#language = language;
  }

  /** @param indexes into {@link places}. */
  json(indexes: readonly number[]): string {
    const missing = indexes.filter((index) => this.#json[index] === undefined);
    const places = missing.flatMap((index) => this.places[index] ?? []);
    rowsAt(this.#view, places, this.#language).forEach((row, at) => {
      this.#json[missing[at] ?? NONE] = JSON.stringify(row);
    });
    return indexes.map((index) => this.#json[index]).join(",");
  }
}

const encoder = new TextEncoder();

/** The list and its filters, for which cursors are signed. */
export function cursorScope(
  course: string,
  want: { kind: "chapters" } | { kind: "problems"; chapter: string | null },
): string {
  return want.kind === "chapters" ? `chapters ${course}` : `problems ${want.chapter ?? course}`;
}

export function listRows(view: View, want: ListWant, language: Language): Result<ListRows> {
  if (want.kind === "chapters") return ok(new ListRows(view, placesOf(view, "chapters"), language));
  const chapter = want.chapter === null ? null : view.program.indexOf.get(want.chapter);
  if (chapter === undefined) return refuse("item_not_found");
  if (chapter !== null && (chapter >= view.program.chapterCount || view.evaluation.visible[chapter] !== 1)) {
    return refuse("item_not_found");
  }
  return ok(new ListRows(view, placesOf(view, "problems", chapter), language));
}

/**
 * The body of a list answer: the first rows that are not on earlier pages. All arguments except the cursor's signature
 * are read before it waits.
 */
export async function listBody(
  rows: ListRows,
  scope: string,
  want: ListWant,
  walked: Walked,
  snapshot: SnapshotInfo,
  sign: SignCursor,
): Promise<Content> {
  const { places, program } = rows;
  const version = snapshot.course_version;
  const isPassed = passedIn(walked, want, version, program);
  const page: number[] = [];
  let hasMore = false;
  for (let index = 0; index < places.length && !hasMore; index += 1) {
    if (isPassed(places[index]?.item ?? NONE)) continue;
    if (page.length === want.limit) hasMore = true;
    else page.push(index);
  }
  const last = places[page.at(-1) ?? NONE]?.item;
  const json = rows.json(page);
  const cursor = hasMore && last !== undefined ? await sign(scope, positionAfter(walked, version, last)) : null;
  const text = `{"results":[${json}],"next_cursor":${JSON.stringify(cursor)},"snapshot":${JSON.stringify(snapshot)}}`;
  return { kind: "body", body: encoder.encode(text) };
}

/** The body of the compact answer: state of every visible item by id. */
export function statesBody(view: View, snapshot: SnapshotInfo): Content {
  return { kind: "body", body: encoder.encode(JSON.stringify({ states: itemStates(view), snapshot })) };
}

/** One bit for each item, in the order of the version: whether the learner sees it and may open it. */
export function openBody({ program, evaluation }: View): Content {
  const body = new Uint8Array((program.size + 7) >> 3);
  for (let item = 0; item < program.size; item += 1) {
    if (evaluation.open[item] !== 1 || evaluation.visible[item] !== 1) continue;
    body[item >> 3] = (body[item >> 3] ?? 0) | (1 << (item & 7));
  }
  return { kind: "body", body };
}

/** What the learner plans by, as JSON. */
export function agendaBody(view: View, language: Language): Content {
  return { kind: "body", body: encoder.encode(JSON.stringify(agendaOf(view, language))) };
}

/** One item with its access now, or only the explanation. Only this item is rendered. */
export function itemContent(
  { asked, present, presentVersion }: Views,
  want: Extract<Want, { kind: "item" | "why" }>,
  language: Language,
  zone: string | null,
): Result<Content> {
  const access = accessTo({ ...present, zone }, want.item, language);
  if (access.state === "hidden") return refuse("item_not_found");
  const now = access.state === "locked" ? access.explanation : nothingToExplain(want.item);
  const shown = { ...visibleNow(asked, present), zone };
  const item = shown.program.indexOf.get(want.item);
  if (item === undefined || shown.evaluation.visible[item] !== 1) return refuse("item_not_found");
  const then = asked === present ? null : explainVisible(shown, item, language);
  if (want.kind === "why") return ok({ kind: "why", explanation: then ?? now });
  return ok({
    kind: "item",
    row: JSON.stringify(rowsAt(shown, [placeOf(shown, item)], language)[0]),
    is_open: access.state === "open",
    explanation: now,
    content_version: presentVersion,
    ...(then === null ? {} : { at: then }),
  });
}

function nothingToExplain(item: string): Explanation {
  const sentence = { en: "", zh: "" };
  return { item, is_locked: false, conditions: [], reasons: [], to_unlock: [], do_next: [], sentence };
}

/** Answers any request from a view that is computed for this one request (real time, staff, another instant). */
export async function contentFrom(
  views: Views,
  request: Pick<ReadRequest, "want" | "language" | "zone">,
  walked: Walked,
  snapshot: SnapshotInfo,
  sign: SignCursor,
): Promise<Result<Content>> {
  const { want, language } = request;
  const zone = request.zone ?? null;
  if (want.kind === "item" || want.kind === "why") return itemContent(views, want, language, zone);
  const view: View = { ...visibleNow(views.asked, views.present), zone };
  if (want.kind === "states") return ok(statesBody(view, snapshot));
  if (want.kind === "open") return ok(openBody(view));
  if (want.kind === "agenda") return ok(agendaBody(view, language));
  const rows = listRows(view, want, language);
  if (!rows.ok) return rows;
  return ok(await listBody(rows.value, cursorScope(view.program.outline.course, want), want, walked, snapshot, sign));
}

/** The numbers of a snapshot's freshness; instants in epoch ms. */
export interface Freshness {
  version: number;
  computed_at: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  engine: number;
  valid_until: number | null;
}

/** @param behindSince instant (epoch ms) since when the answer is known to be older than the course. */
export function snapshotInfo(
  meta: Freshness,
  source: SnapshotInfo["source"],
  behindSince: number | null,
): SnapshotInfo {
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
 * Strong validator of one answer: the freshness tuple, the instant of evaluation, the source (all of which are in the
 * body), and the request.
 */
export function etagOf(snapshot: SnapshotInfo, want: Want, language: Language, zone: string | null): string {
  const { version, source, computed_at, progress_seq, policy_seq, course_version, engine, stale_since } = snapshot;
  const asked =
    want.kind === "chapters"
      ? `c.${want.after ?? ""}.${want.limit}`
      : want.kind === "problems"
        ? `p.${want.chapter ?? ""}.${want.after ?? ""}.${want.limit}`
        : want.kind === "states" || want.kind === "open" || want.kind === "agenda"
          ? want.kind.charAt(0)
          : `${want.kind}.${want.item}`;
  const computed = Date.parse(computed_at).toString(36);
  const stale = stale_since === undefined ? "" : `.${Date.parse(stale_since).toString(36)}`;
  return `"${version}.${progress_seq}.${policy_seq}.${course_version}.${engine}.${computed}${stale}.${source.charAt(0)}.${language}.${asked}${zone === null ? "" : `.${zone}`}"`;
}
