import type { AlarmScheduler } from "../../platform/cell/alarm-scheduler.ts";
import type { Commit } from "../../platform/cell/cell.ts";
import { AnswerStore } from "./answers.ts";
import type { JournalLimits } from "./contract.ts";
import { JournalOutbox } from "./outbox.ts";
import { ParkedStore } from "./parked.ts";
import type { JournalDueName } from "./schema.ts";
import { JournalStore } from "./store.ts";

/** The rows of a journal. */
export interface JournalStores {
  store: JournalStore;
  outbox: JournalOutbox;
  parked: ParkedStore;
  answers: AnswerStore;
}

export function storesOf(sql: SqlStorage): JournalStores {
  return {
    store: new JournalStore(sql),
    outbox: new JournalOutbox(sql),
    parked: new ParkedStore(sql),
    answers: new AnswerStore(sql),
  };
}

/** The tools for the work of a journal. */
export interface JournalContext extends JournalStores {
  env: Env;
  limits: JournalLimits;
  scheduler: AlarmScheduler<JournalDueName>;
  commit: Commit;
}
