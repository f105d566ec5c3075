import { type ChainPosition, callChain } from "../audit/index.ts";
import { callJournal, JOURNALS } from "../records/index.ts";
import type { StagePage } from "./stage.ts";

/** Journals of records, page by page. @param tombstones only the deletions in them. */
export async function readJournals(env: Env, from: string | null, tombstones: boolean): Promise<StagePage> {
  // SAFETY: written below by this very function.
  const at = from === null ? { journal: 0, from: null } : (JSON.parse(from) as JournalCursor);
  const copied = await callJournal(env, at.journal, (stub) =>
    tombstones ? stub.backUpTombstones(String(at.from?.after ?? "")) : stub.backUp(at.from),
  );
  if (!copied.ok) throw new Error(`journal ${at.journal}: ${copied.refusal.code}`);
  const { page, next } = copied.value;
  const following: JournalCursor | null =
    next !== null
      ? { journal: at.journal, from: next }
      : at.journal + 1 < JOURNALS
        ? { journal: at.journal + 1, from: null }
        : null;
  const isEmpty = page === null || page.rows.length === 0;
  const seqAt = page?.columns.indexOf("seq") ?? -1;
  return {
    lines: isEmpty ? [] : [JSON.stringify({ journal: at.journal, page })],
    rows: page?.rows.length ?? 0,
    next: following === null ? null : JSON.stringify(following),
    max_seq: seqAt < 0 ? 0 : Math.max(0, ...(page?.rows ?? []).map((row) => Number(row[seqAt] ?? 0))),
  };
}

/** The audit chain. @param since null: all of it; else its entries after this one, with the people whom they name. */
export async function readChain(env: Env, from: string | null, since: number | null): Promise<StagePage> {
  // SAFETY: written below by this very function.
  const at = from === null ? null : (JSON.parse(from) as ChainPosition);
  const copied = await callChain(env, (stub) => stub.backUp(at, since));
  if (!copied.ok) throw new Error(`audit chain: ${copied.refusal.code}`);
  const { pages, next } = copied.value;
  const full = pages.filter(({ rows }) => rows.length > 0);
  const seqs = full.flatMap(({ table, columns, rows }) =>
    table === "entries" ? rows.map((row) => Number(row[columns.indexOf("seq")])) : [],
  );
  return {
    lines: full.map((page) => JSON.stringify({ page })),
    rows: full.reduce((sum, { rows }) => sum + rows.length, 0),
    next: next === null ? null : JSON.stringify(next),
    max_seq: seqs.at(-1) ?? 0,
  };
}

interface JournalCursor {
  journal: number;
  from: { table: string; after: string | number } | null;
}
