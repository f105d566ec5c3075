import { z } from "@hono/zod-openapi";
import { cutByBytes } from "../platform/database/batches.ts";
import { ok, type Result } from "../platform/results.ts";
import { JOURNALS } from "../records/index.ts";
import type { Manifest } from "./format.ts";
import { readPart } from "./store.ts";
import type { RestoreTarget } from "./target.ts";

/** Bytes of deleted sessions in one call to a journal. */
const TOMBSTONE_BYTES = 4_000_000;

/** Opens the journals that the backup has data of. */
export async function openJournals(env: Env, manifest: Manifest, target: RestoreTarget): Promise<Result<null>> {
  const found = new Map<number, { steps: string[]; tombstones: (string | number | null)[][] }>();
  for (const entry of manifest.parts.filter(({ stage }) => stage === "journals" || stage === "journal_tombstones")) {
    const read = await readPart(env, manifest, entry);
    if (!read.ok) return read;
    for (const line of read.value.lines) {
      const { journal, page } = journalLine.parse(JSON.parse(line));
      const known = found.get(journal) ?? { steps: page.steps, tombstones: [] };
      if (entry.stage === "journal_tombstones") known.tombstones.push(...page.rows);
      found.set(journal, known);
    }
  }
  for (let journal = 0; journal < JOURNALS; journal += 1) {
    const known = found.get(journal);
    if (known === undefined) continue;
    // Opening is the last of several calls when there are very many sessions: each call may be repeated.
    const pages = cutByBytes(known.tombstones, TOMBSTONE_BYTES).map(({ rows }) => rows);
    const last = pages.pop() ?? [];
    for (const page of pages) {
      const buried = await target.buryInJournal(journal, page);
      if (!buried.ok) return buried;
    }
    const opened = await target.openJournal(journal, known.steps, last);
    if (!opened.ok) return opened;
  }
  return ok(null);
}

const journalLine = z.object({
  journal: z.int(),
  page: z.object({
    steps: z.array(z.string()),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  }),
});
