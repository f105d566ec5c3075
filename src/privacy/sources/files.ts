import { drizzle } from "drizzle-orm/d1";
import { eraseFiles, exportFiles, fileKey, ownersOfBytes } from "../../files/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

/** Where a page of the owners of bytes starts. */
const BYTES = "bytes ";
const PLACES: readonly UserColumn[] = [["files", "owner"]];

/** Files: their rows and their bytes. An export has the address of each file, and the owner may download it. */
export const filesSource: PersonalDataSource = {
  name: "files",
  async holds(env, user) {
    if (await anyRow(directory(env), PLACES, user)) return true;
    // Bytes whose row is gone, or never came.
    return (await env.FILES.list({ prefix: fileKey(user, ""), limit: 1 })).objects.length > 0;
  },
  async people(env, from) {
    if (from?.startsWith(BYTES) === true) {
      const { owners, next } = await ownersOfBytes(env, from.slice(BYTES.length));
      return { ids: owners, next: next === null ? null : BYTES + next };
    }
    const { ids, next } = await idsIn(directory(env), PLACES, from);
    return { ids, next: next ?? BYTES };
  },
  async *export(env, user) {
    for await (const row of exportFiles(drizzle(directory(env)), user)) yield { kind: "file", row };
  },
  erase: async (env, user) => ((await eraseFiles(env, drizzle(directory(env)), user)) ? "more" : "done"),
};
