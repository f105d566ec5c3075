import { drizzle } from "drizzle-orm/d1";
import { eraseFiles, exportFiles } from "../../files/index.ts";
import type { PersonalDataSource } from "../source.ts";

/** Files: what is known of them, and their bytes. An export says where each is downloaded, which its owner may. */
export const filesSource: PersonalDataSource = {
  name: "files",
  async *export(env, user) {
    for await (const row of exportFiles(drizzle(env.DB), user)) yield { kind: "file", row };
  },
  erase: async (env, user) => ((await eraseFiles(env, drizzle(env.DB), user)) ? "more" : "done"),
};
