export { authentication } from "./authentication.ts";
export { callGate, UserGate } from "./gate.ts";
export { identityRoutes, TOO_MANY_GUESSES, withinPasswordLimit } from "./routes.ts";
export { eraseUserBody } from "./schemas.ts";
export { SESSION_TTL_MS } from "./session-check.ts";
export { pruneIdentity } from "./sessions.ts";
export { accounts, sessions, tombstones, users, verifications } from "./tables.ts";
export { erasedAmong, notBeingErased, subjectOf } from "./tombstones.ts";
export { provePassword } from "./users.ts";
