export { TOO_MANY_GUESSES, withinPasswordLimit } from "./password-limit.ts";
export { UserGate } from "./revocations.ts";
export { callRevocations } from "./revocations-stub.ts";
export { eraseUserBody } from "./schemas.ts";
export { standsNow } from "./session-check.ts";
export { pruneIdentity } from "./sessions.ts";
export { tombstones } from "./tables.ts";
export { erasedAmong, notBeingErased, notErasing, subjectOf } from "./tombstones.ts";
export { checkPassword } from "./users.ts";
