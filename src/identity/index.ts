import { late, readOnce } from "../platform/late.ts";

export { type AddressOwner, accountsByMail } from "./accounts-by-mail.ts";
export { foreignAmong } from "./foreign.ts";
export { TOO_MANY_GUESSES, withinPasswordLimit } from "./password-limit.ts";
export { callRevocations } from "./revocations-stub.ts";
export { standsNow } from "./session-check.ts";
export type { Presented } from "./standing.ts";
export { isOfOrganization } from "./statements.ts";
export { tombstones } from "./tables.ts";
export { erasedAmong, notBeingErased, notErasing, subjectOf } from "./tombstones.ts";

/** Accounts as other systems know and change them: read when one of those systems is asked. */
export const loadOutside = /* @__PURE__ */ readOnce(() => import("./outside/index.ts"));
export const checkPassword = /* @__PURE__ */ late(async () => (await import("./users.ts")).checkPassword);
export const pruneIdentity = /* @__PURE__ */ late(async () => (await import("./sessions.ts")).pruneIdentity);
export const consumeMail = /* @__PURE__ */ late(async () => (await import("./ways/asks.ts")).consumeMail);
export const openLaunch = /* @__PURE__ */ late(async () => (await import("./launches.ts")).openLaunch);
export const goOnWithLaunch = /* @__PURE__ */ late(async () => (await import("./launches.ts")).goOnWithLaunch);
