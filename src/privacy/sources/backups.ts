import { subjectOf } from "../../identity/index.ts";
import { noteErasure } from "../erasure-notes.ts";
import { forgetChangesOf } from "../noted-changes.ts";
import { NOBODY, type PersonalDataSource } from "../source.ts";

/**
 * Backups, which are never overwritten. The erasure is noted beside them, by the hash of the id: a restore of an older
 * backup erases the user again. The data in backups are removed with them, when they are old enough.
 */
export const backupsSource: PersonalDataSource = {
  name: "backups",
  // Backups are copies of the other places, which list the same people.
  holds: async () => false,
  people: async () => NOBODY,
  async *export() {},
  async erase(env, user) {
    await noteErasure(env, await subjectOf(user), Date.now());
    await forgetChangesOf(env, user);
    return "done";
  },
};
