import { late, readOnce } from "../platform/late.ts";

export type { Act } from "./rosters/shapes.ts";

/** The public API of the people room. */
export const pruneInvitations = /* @__PURE__ */ late(async () => (await import("./prune.ts")).pruneInvitations);
export const pruneRosters = /* @__PURE__ */ late(async () => (await import("./rosters/prune.ts")).pruneRosters);
export const watchRosters = /* @__PURE__ */ late(async () => (await import("./rosters/nightly.ts")).watchRosters);
export const consumeRoster = /* @__PURE__ */ late(async () => (await import("./rosters/nightly.ts")).consumeRoster);
export type { Act as RosterAct } from "./rosters/shapes.ts";
/** Enrolling, withdrawing and giving rights to people whom another system names: read when one does. */
export const loadPlacing = /* @__PURE__ */ readOnce(() => import("./rosters/apply.ts"));
