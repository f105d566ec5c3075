import { late } from "../platform/late.ts";

/** The public API of the people room. */
export const pruneInvitations = late(async () => (await import("./prune.ts")).pruneInvitations);
export const pruneRosters = late(async () => (await import("./rosters/prune.ts")).pruneRosters);
export const watchRosters = late(async () => (await import("./rosters/nightly.ts")).watchRosters);
export const consumeRoster = late(async () => (await import("./rosters/nightly.ts")).consumeRoster);
