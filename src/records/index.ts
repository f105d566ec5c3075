import { newRouter } from "../shared/http.ts";
import { parkedRoutes } from "./translation/parked-routes.ts";
import { translationReadRoutes } from "./translation/read-routes.ts";
import { recoveryRoutes } from "./translation/recovery-routes.ts";
import { searchRoutes } from "./translation/search-routes.ts";
import { translationWriteRoutes } from "./translation/write-routes.ts";

export { type JournalRows, openJournal, restorePage } from "./journal/backup.ts";
/** The door of the records room. */
export { JournalObject } from "./journal/object.ts";
export { JournalStore } from "./journal/store.ts";
export { indexWords } from "./reindex.ts";
export { callJournal, JOURNALS } from "./stubs.ts";
export { sweepJournals } from "./sweep.ts";
export { recordSection } from "./totals.ts";

export function recordRoutes() {
  return newRouter()
    .route("/", translationWriteRoutes())
    .route("/", translationReadRoutes())
    .route("/", recoveryRoutes())
    .route("/", searchRoutes())
    .route("/", parkedRoutes());
}
