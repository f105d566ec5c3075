import { late } from "../platform/late.ts";

export { accessTo, LOCKED, permitByPass, permitFor, permitSearch, refusalOf } from "./access.ts";
export { type Adoption, adoptedSubmissions, findAdoption } from "./adoption.ts";
export { enrollAnswerSchema, snapshotSchema, submitAnswerSchema, writeAnswerSchema } from "./answers.ts";
export { audience } from "./audience.ts";
export { classExport } from "./class-export.ts";
export { CLASS_SORTS } from "./class-page.ts";
export { CLASS_STATES, classItems } from "./class-row.ts";
export { type ClassCourse, classItem, classView } from "./class-view.ts";
export { changedItems, contentEvent } from "./content-notice.ts";
export type {
  ActorRef,
  Cause,
  Content,
  EnrollAnswer,
  EnrollRequest,
  FactOutcome,
  HeldScore,
  Idempotency,
  Mirror,
  NewFact,
  OverrideInput,
  PolicyChange,
  ProjectedEvent,
  ProjectedFact,
  ProjectedSubmission,
  ProjectionBatch,
  ReadAnswer,
  ReadRequest,
  RecordAnswer,
  RecordRequest,
  SnapshotInfo,
  StoredOverride,
  SubmitAnswer,
  Want,
  WriteAnswer,
} from "./contract.ts";
export { MAX_GROUP } from "./contract.ts";
export { coursesOf } from "./courses-of.ts";
export { HISTORY_KINDS, learnerHistory, MAX_HISTORY } from "./learner-history.ts";
export { learnerNews } from "./learner-news.ts";
export type { ProjectionMessage, RefreshMessage } from "./messages.ts";
export { loadMirroredPage } from "./mirror.ts";
export { mirrorStatements } from "./mirror-rows.ts";
export { keptAcross, type MirroredEnrollment } from "./mirrored.ts";
export { type ListWant, type Walked, walkedBefore } from "./paging.ts";
export { callPort, type EnrollmentPort } from "./port.ts";
export { pruneMirror } from "./prune.ts";
export {
  isDiverted,
  loadReadSwitch,
  READ_SWITCH_KEY,
  type ReadSwitch,
  readSwitch,
  readSwitchSchema,
} from "./read-switch.ts";
export {
  agendaBody,
  contentFrom,
  cursorScope,
  etagOf,
  itemContent,
  type ListRows,
  listBody,
  listRows,
  openBody,
  presentOnly,
  type SignCursor,
  snapshotInfo,
  statesBody,
} from "./reading.ts";
export { readRealtime } from "./realtime.ts";
export { sendAll } from "./send-messages.ts";
export { shadowCheck } from "./shadow.ts";
export { type Standing, standingOf } from "./standing.ts";
export { courseMarks, enrollments, freshness, submissions, userCourses } from "./tables.ts";

export const consumeProjections = /* @__PURE__ */ late(
  async () => (await import("./projection.ts")).consumeProjections,
);
export const drainEnrollment = /* @__PURE__ */ late(async () => (await import("./projection.ts")).drainEnrollment);
export const impactNow = /* @__PURE__ */ late(async () => (await import("./impact-now.ts")).impactNow);
export const projectEnrollments = /* @__PURE__ */ late(
  async () => (await import("./projection.ts")).projectEnrollments,
);
