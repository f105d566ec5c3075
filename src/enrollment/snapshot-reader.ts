import type { Content, ListWant, ReadAnswer, ReadRequest, SnapshotInfo, Walked, Want } from "../mirror/index.ts";
import {
  agendaBody,
  cursorScope,
  etagOf,
  itemContent,
  type ListRows,
  listBody,
  listRows,
  openBody,
  presentOnly,
  type SignCursor,
  snapshotInfo,
  statesBody,
} from "../mirror/index.ts";
import { namesTag } from "../platform/http/etag.ts";
import { ok, type Result } from "../platform/results.ts";
import type { EnrollmentState } from "./state.ts";

/** Answers kept per object: far more than one learner's front end needs, and a limit for walks over pages. */
const MAX_ANSWERS = 32;

/** Rendered lists kept per object: as many exist as chapters, languages and time zones, and few are requested. */
const MAX_LISTS = 64;

/** A complete answer and its tag. */
type KeptAnswer = Extract<ReadAnswer, { unchanged: false }>;

/**
 * Answers reads from the snapshot in memory. A row of a list is rendered once per snapshot, language and zone. A whole
 * answer (page, cursor, snapshot) is rendered once per snapshot and question. After that a read is one look-up.
 */
export class SnapshotReader {
  readonly #sign: SignCursor;
  readonly #rows = new Map<string, ListRows>();
  readonly #answers = new Map<string, KeptAnswer>();
  /** The snapshot that all of this was rendered from. */
  #version = -1;
  #computedAt = -1;

  constructor(sign: SignCursor) {
    this.#sign = sign;
  }

  /**
   * @param walked the items that the pages before a list's page have passed.
   * @param behindSince instant since when the snapshot is known to be older than the course, or null.
   */
  async answer(
    state: EnrollmentState,
    request: ReadRequest,
    walked: Walked,
    source: SnapshotInfo["source"],
    behindSince: number | null,
  ): Promise<Result<ReadAnswer>> {
    const { want, language } = request;
    const zone = request.zone ?? null;
    if (want.kind === "why" || want.kind === "item") {
      const present = presentOnly(state.view(Date.now()), state.meta.course_version);
      const content = itemContent(present, want, language, zone);
      // Explanations name the present instant, so their bytes always differ: they have no validator.
      return content.ok
        ? ok({
            unchanged: false,
            etag: "",
            snapshot: snapshotInfo(state.meta, source, behindSince),
            content: content.value,
          })
        : content;
    }
    this.#keepOnlyFor(state);
    const key = `${askedFor(want)} ${language} ${source} ${behindSince ?? ""} ${zone ?? ""}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      const snapshot = snapshotInfo(state.meta, source, behindSince);
      const { version, computed_at: computedAt } = state.meta;
      const content = await this.#render(state, want, language, zone, walked, snapshot);
      if (!content.ok) return content;
      answer = { unchanged: false, etag: etagOf(snapshot, want, language, zone), snapshot, content: content.value };
      // While a cursor was signed, a write may have made another snapshot; this answer is still true for its own.
      if (version === this.#version && computedAt === this.#computedAt) this.#keep(key, answer);
    }
    const { etag, snapshot } = answer;
    return ok(namesTag(request.if_none_match, etag) ? { unchanged: true, etag, snapshot } : answer);
  }

  forget(): void {
    this.#rows.clear();
    this.#answers.clear();
    this.#version = -1;
  }

  #keepOnlyFor({ meta }: EnrollmentState): void {
    if (meta.version === this.#version && meta.computed_at === this.#computedAt) return;
    this.forget();
    this.#version = meta.version;
    this.#computedAt = meta.computed_at;
  }

  #keep(key: string, answer: KeptAnswer): void {
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    this.#answers.set(key, answer);
  }

  async #render(
    state: EnrollmentState,
    want: ListWant | { kind: "states" } | { kind: "open" } | { kind: "agenda" },
    language: ReadRequest["language"],
    zone: string | null,
    walked: Walked,
    snapshot: SnapshotInfo,
  ): Promise<Result<Content>> {
    const view = { ...state.view(Date.now()), zone };
    if (want.kind === "states") return ok(statesBody(view, snapshot));
    if (want.kind === "open") return ok(openBody(view));
    if (want.kind === "agenda") return ok(agendaBody(view, language));
    const key = `${cursorScope("", want)} ${language} ${zone ?? ""}`;
    let rows = this.#rows.get(key);
    if (rows === undefined) {
      const rendered = listRows(view, want, language);
      if (!rendered.ok) return rendered;
      rows = rendered.value;
      if (this.#rows.size >= MAX_LISTS) this.#rows.clear();
      this.#rows.set(key, rows);
    }
    return ok(await listBody(rows, cursorScope(state.meta.course, want), want, walked, snapshot, this.#sign));
  }
}

function askedFor(want: Exclude<Want, { kind: "item" | "why" }>): string {
  return want.kind === "states" || want.kind === "open" || want.kind === "agenda"
    ? want.kind
    : `${cursorScope("", want)} ${want.after ?? ""} ${want.limit}`;
}
