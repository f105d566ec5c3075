import { refuse } from "../../platform/results.ts";
import type { KeyGrant } from "../../platform/scopes.ts";

// The answers of a key's object, and its name, for its callers. The object itself is key-guard.ts.

/** Names of the objects of keys begin so; no user id has a slash. */
export const KEY_OBJECT = "key/";

/** A grant as it was read, and until when it may be used at most, epoch milliseconds. */
export type OpenedKey = KeyGrant & { until: number };

/** One answer for a key that is unknown, malformed, revoked, replaced or expired: it does not say which. */
export const KEY_REFUSED = refuse("unauthenticated", { detail: "The key is not valid: unknown, expired or revoked." });
