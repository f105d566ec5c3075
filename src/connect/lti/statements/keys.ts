import { statement } from "../../../platform/database/statement.ts";

// Keys of this tool. Each statement has its plan above it.

// plan: SCAN lti_keys
// scans: a handful of keys: one a day at most, each for a month.
export const everyKey = statement<[]>("SELECT * FROM lti_keys LIMIT 100");

/** Adds a key, unless one was made since: of two who rotate at once, one does. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SCAN lti_keys
// scans: a handful of keys.
export const addKey = statement<[kid: string, publicKey: string, privateKey: string, now: number, newest: number]>(
  `INSERT INTO lti_keys (kid, public_key, private_key, created_at) SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM lti_keys WHERE created_at > ?5)`,
);

// plan: SEARCH lti_keys USING PRIMARY KEY (kid=?)
export const dropKey = statement<[kid: string]>("DELETE FROM lti_keys WHERE kid = ?");

// plan: SEARCH lti_keys USING PRIMARY KEY (kid=?)
export const sealKeyAgain = statement<[kid: string, privateKey: string, before: string]>(
  "UPDATE lti_keys SET private_key = ?2 WHERE kid = ?1 AND private_key = ?3",
);
