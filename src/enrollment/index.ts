export { loadEnrollment, snapshotHolds } from "./backup.ts";

export { callEnrollment, callEnrollmentObject, enrollmentStub } from "./stub.ts";
export { destroyWithdrawn } from "./withdrawn.ts";
