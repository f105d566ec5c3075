export type { Applicant } from "./applicant.ts";
export { loadEnrollment, snapshotHolds } from "./backup.ts";

/** Who may open an item: read when somebody asks for a file of one. */
export const loadPermits = () => import("./reads.ts");
/** Enrolling and withdrawing, for who does it for many. */
export const loadEnrolling = () => import("./registry.ts");
export { callEnrollment, callEnrollmentObject, enrollmentStub } from "./stub.ts";
export { destroyWithdrawn } from "./withdrawn.ts";
