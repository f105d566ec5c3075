import { late } from "../platform/late.ts";

/** The public API of the learner room. */
export const pruneMessages = /* @__PURE__ */ late(async () => (await import("./prune.ts")).pruneMessages);
