import { readOnce } from "../platform/late.ts";

export type { Applicant } from "./applicant.ts";
export { loadEnrollment, snapshotHolds } from "./backup.ts";
export { isConcealed } from "./concealed.ts";

/** A learner's agenda, and the texts they may search in. Loaded on demand. */
export const loadAgenda = /* @__PURE__ */ readOnce(() => import("./agenda.ts"));
/** The keys with which this service signs statements. */
export const loadPassKeys = /* @__PURE__ */ readOnce(() => import("./pass/keys.ts"));
/** Checks who may open an item. Loaded when a file of an item is requested. */
export const loadPermits = /* @__PURE__ */ readOnce(() => import("./reads.ts"));
/** Enrolls many people and records what they did elsewhere. Loaded when people of an archive are imported. */
export const loadBulk = /* @__PURE__ */ readOnce(() => import("./bulk.ts"));
/** Enrolls and withdraws, for callers with many learners. */
export const loadEnrolling = /* @__PURE__ */ readOnce(() => import("./registry.ts"));
export { callEnrollment, callEnrollmentObject, enrollmentStub } from "./stub.ts";
export { destroyWithdrawn } from "./withdrawn.ts";
