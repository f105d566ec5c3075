import { registryOf } from "../../records/backends/index.ts";
import { query } from "../../records/query.ts";
import { callJournal, journalOf } from "../../records/stubs.ts";
import { SESSION, TASK } from "../../records/translation/types.ts";
import { answered, exportedBy } from "../object-source.ts";
import type { PersonalDataSource } from "../source.ts";

/** Records read at a time. */
const PAGE = 500;

/** Translation sessions and tasks: what waits in the owner's journal, and what the backends have. */
export const translationSource: PersonalDataSource = {
  name: "translation",
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
