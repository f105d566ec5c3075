import { refuse } from "../../platform/results.ts";
import type { KeyGrant } from "../../platform/scopes.ts";

// What the object of a key answers, and its name: what who asks has to know. The object itself is key-guard.ts.

/** Names of the objects of keys begin so; no user id has a slash. */
export const KEY_OBJECT = "key/";

/** A grant as it was found, and until when it may be accepted at most, epoch milliseconds. */
export type OpenedKey = KeyGrant & { until: number };

/** One answer for a key that is unknown, garbled, revoked, replaced or expired: it does not say which. */
export const KEY_REFUSED = refuse("unauthenticated", { detail: "The key is not valid: unknown, expired or revoked." });
