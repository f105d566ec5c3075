/** The public API of the records room. */
export { registryOf } from "./backends/index.ts";
export { buryDeleted, type JournalRows, openJournal, restorePage } from "./journal/backup.ts";
export { JournalStore } from "./journal/store.ts";
export { query } from "./query.ts";
export { indexWords } from "./reindex.ts";
export { callJournal, JOURNALS, journalOf } from "./stubs.ts";
export { sweepJournals } from "./sweep.ts";
export { SESSION, TASK } from "./translation/types.ts";
