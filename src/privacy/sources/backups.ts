import { noteErasure } from "../../backup/store.ts";
import { subjectOf } from "../../identity/index.ts";
import type { PersonalDataSource } from "../source.ts";

/**
 * Backups, which are never written over. That the user was erased is noted beside them, by the hash of the id: whoever
 * restores an older one erases the user again. What is in backups goes with them, when they are old enough.
 */
export const backupsSource: PersonalDataSource = {
  name: "backups",
  async *export() {},
  async erase(env, user) {
    await noteErasure(env, await subjectOf(user));
    return "done";
  },
};
