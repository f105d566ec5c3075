import { env } from "cloudflare:workers";
import { keepCourseFile } from "../../../src/files/index.ts";
import { countedDatabase } from "../../../src/platform/database/counted.ts";
import { directory } from "../../../src/platform/database/shards.ts";

/** Keeps a file of a course, as an import does. @returns its id. */
export async function courseFile(course: string, owner: string): Promise<string> {
  const db = countedDatabase(directory(env), { count: 0 });
  const bytes = Uint8Array.from(new TextEncoder().encode("what to bring"));
  const kept = await keepCourseFile({ env, db, now: Date.now() }, { owner, course, name: "notes.txt", bytes });
  if (!kept.ok) throw new Error(`not kept: ${kept.refusal.code}`);
  return kept.value;
}
