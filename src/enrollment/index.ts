import { readOnce } from "../platform/late.ts";

export type { Applicant } from "./applicant.ts";
export { loadEnrollment, snapshotHolds } from "./backup.ts";

/** What a learner plans by, and what they may search in: read when somebody asks. */
export const loadAgenda = /* @__PURE__ */ readOnce(() => import("./agenda.ts"));
/** The keys that statements of this service are signed with. */
export const loadPassKeys = /* @__PURE__ */ readOnce(() => import("./pass/keys.ts"));
/** Who may open an item: read when somebody asks for a file of one. */
export const loadPermits = /* @__PURE__ */ readOnce(() => import("./reads.ts"));
/** Enrolling many, and recording what they did elsewhere: read when people of an archive are imported. */
export const loadBulk = /* @__PURE__ */ readOnce(() => import("./bulk.ts"));
/** Enrolling and withdrawing, for who does it for many. */
export const loadEnrolling = /* @__PURE__ */ readOnce(() => import("./registry.ts"));
export { callEnrollment, callEnrollmentObject, enrollmentStub } from "./stub.ts";
export { destroyWithdrawn } from "./withdrawn.ts";
