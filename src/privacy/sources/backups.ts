import { subjectOf } from "../../identity/index.ts";
import { noteErasure } from "../erasure-notes.ts";
import { forgetChangesOf } from "../noted-changes.ts";
import { NOBODY, type PersonalDataSource } from "../source.ts";

/**
 * Backups, which are never written over. That the user was erased is noted beside them, by the hash of the id: whoever
 * restores an older one erases the user again. What is in backups goes with them, when they are old enough.
 */
export const backupsSource: PersonalDataSource = {
  name: "backups",
  // Copies of what the other places hold, which is what they are found by.
  holds: async () => false,
  people: async () => NOBODY,
  async *export() {},
  async erase(env, user) {
    await noteErasure(env, await subjectOf(user), Date.now());
    await forgetChangesOf(env, user);
    return "done";
  },
};
