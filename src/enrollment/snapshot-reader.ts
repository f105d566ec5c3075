import { ok, type Result } from "../shared/results.ts";
import type { Content, ReadAnswer, ReadRequest, SnapshotInfo } from "./contract.ts";
import { contentOf, etagOf, pageOf, type RenderedRows, renderRows, snapshotInfo } from "./reading.ts";
import type { EnrollmentState } from "./state.ts";

/** Answers reads from the snapshot in memory. Lists are rendered once per snapshot and language, then only cut. */
export class SnapshotReader {
  readonly #rendered = new Map<string, RenderedRows>();
  #renderedFor = "";

  /** @param behindSince instant since when the snapshot is known to be older than the course, or null. */
  answer(
    state: EnrollmentState,
    request: ReadRequest,
    source: SnapshotInfo["source"],
    behindSince: number | null,
  ): Result<ReadAnswer> {
    const snapshot = snapshotInfo(state.meta, source, behindSince);
    // Explanations name the present instant, so no two of them are the same bytes: they carry no validator.
    const isList = request.want.kind !== "why" && request.want.kind !== "item";
    const etag = isList ? etagOf(snapshot, request.want, request.language) : "";
    if (isList && hasTag(request.if_none_match, etag)) return ok({ unchanged: true, etag, snapshot });
    const content = this.#content(state, request);
    return content.ok ? ok({ unchanged: false, etag, snapshot, content: content.value }) : content;
  }

  forget(): void {
    this.#rendered.clear();
    this.#renderedFor = "";
  }

  #content(state: EnrollmentState, { want, language }: ReadRequest): Result<Content> {
    const view = state.view(Date.now());
    if (want.kind !== "chapters" && want.kind !== "problems") return contentOf(view, want, language);
    const generation = `${state.meta.version} ${state.meta.computed_at}`;
    if (this.#renderedFor !== generation) {
      this.#rendered.clear();
      this.#renderedFor = generation;
    }
    const key = `${want.kind} ${want.kind === "problems" ? (want.chapter ?? "") : ""} ${language}`;
    let rows = this.#rendered.get(key);
    if (rows === undefined) {
      const rendered = renderRows(view, want, language);
      if (!rendered.ok) return rendered;
      rows = rendered.value;
      this.#rendered.set(key, rows);
    }
    return ok(pageOf(rows, want.after, want.limit));
  }
}

/** Whether an If-None-Match header names this tag; proxies may have weakened it (RFC 9110 section 13.1.2). */
function hasTag(header: string | null, etag: string): boolean {
  return header?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag) ?? false;
}
