import { directory } from "../../platform/database/shards.ts";
import { callJournal, JOURNALS, journalOf, query, registryOf, SESSION, TASK } from "../../records/index.ts";
import { answered, exportedBy } from "../object-source.ts";
import { idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

/** Where a page of the owners in journals starts. */
const JOURNAL = /^journal (\d+) (.*)$/;
const PLACES: readonly UserColumn[] = [
  ["translation_sessions", "owner"],
  ["translation_tasks", "owner"],
];

/** Records read at a time. */
const PAGE = 500;

/** Translation sessions and tasks: those that wait in the owner's journal, and those in the backends. */
export const translationSource: PersonalDataSource = {
  name: "translation",
  async holds(env, user) {
    const waiting = await callJournal(env, journalOf(user), (stub) => stub.exportOf(user, null));
    if (answered(waiting).rows.length > 0) return true;
    const registry = registryOf(env);
    for (const type of [SESSION, TASK]) {
      const first = query(type).where("owner", "=", user).sortBy("updated_at").limit(1).build();
      if ((await registry.primary(type).query(type, first)).length > 0) return true;
    }
    return false;
  },
  async people(env, from) {
    const [, number, after = ""] = JOURNAL.exec(from ?? "") ?? [];
    if (number === undefined) {
      const { ids, next } = await idsIn(directory(env), PLACES, from);
      return { ids, next: next ?? "journal 0 " };
    }
    const journal = Number(number);
    const { owners, next } = answered(await callJournal(env, journal, (stub) => stub.owners(after)));
    if (next !== null) return { ids: owners, next: `journal ${journal} ${next}` };
    return { ids: owners, next: journal + 1 < JOURNALS ? `journal ${journal + 1} ` : null };
  },
  async *export(env, user) {
    yield* exportedBy((from) => callJournal(env, journalOf(user), (stub) => stub.exportOf(user, from)));
    const registry = registryOf(env);
    for (const type of [SESSION, TASK]) {
      let after: { value: number; id: string } | null = null;
      for (;;) {
        const next = query(type).where("owner", "=", user).sortBy("updated_at").limit(PAGE).after(after);
        const records = await registry.primary(type).query(type, next.build());
        for (const record of records) yield { kind: type.name, row: record };
        const last = records.at(-1);
        if (last === undefined || records.length < PAGE) break;
        after = { value: last.updated_at, id: last.id };
      }
    }
  },
  async erase(env, user) {
    answered(await callJournal(env, journalOf(user), (stub) => stub.erase(user)));
    return "done";
  },
};
