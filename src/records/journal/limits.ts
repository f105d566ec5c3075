import type { JournalLimits } from "./contract.ts";

/** Half a million rows or a billion characters wait at most: far below the 10 GB an object may hold. */
export const LIMITS: JournalLimits = { rows: 500_000, characters: 1_000_000_000, write_timeout_ms: 30_000 };
