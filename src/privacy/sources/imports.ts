import { eraseImports, exportImports } from "../../imports/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

const PLACES: readonly UserColumn[] = [["course_imports", "owner"]];

/**
 * Courses that a user imported. An archive may have people of another platform, and is removed with its import; the
 * draft made from it is a version of its course.
 */
export const importsSource: PersonalDataSource = {
  name: "imports",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    for await (const row of exportImports(env, user)) yield { kind: "course_import", row };
  },
  erase: async (env, user) => ((await eraseImports(env, user)) ? "more" : "done"),
};
