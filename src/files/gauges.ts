import { directory } from "../platform/database/shards.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { deletingFiles, pendingFiles } from "./statements.ts";

/** At most this many rows are counted: a larger number says nothing more. */
const COUNTED = 10_000;

/** Uploads that have not ended and deletions that wait for the sweep; at most 10,000 of each are counted. */
export const fileSection: Section = {
  name: "files",
  async read(env) {
    const db = directory(env);
    const [pending, deleting] = await Promise.all([
      pendingFiles(db, COUNTED).first<{ n: number }>(),
      deletingFiles(db, COUNTED).first<{ n: number }>(),
    ]);
    return [
      gauge("files_pending", "Uploads that were announced and have not ended.", pending?.n ?? 0),
      gauge("files_deleting", "Files whose bytes are still to be removed.", deleting?.n ?? 0),
    ];
  },
};
