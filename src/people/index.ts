import { late } from "../platform/late.ts";

/** The public API of the people room. */
export const pruneInvitations = /* @__PURE__ */ late(async () => (await import("./prune.ts")).pruneInvitations);
