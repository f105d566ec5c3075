import { insertEntryWhere } from "../../audit/index.ts";
import { statement } from "../../platform/database/statement.ts";

// Statements of the ways beside the password. Those of a batch that belong to one single-use value look whether it is there.

/** Writes a single-use value down, unless its user has as many of the kind as serve at a time. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH verifications USING INDEX verifications_by_identifier (identifier=?)
export const putOneTime = statement<
  [id: string, user: string, value: string, purpose: string, now: number, expires: number, most: number]
>(
  `INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?6, ?5, ?5 WHERE
      (SELECT count(*) FROM verifications WHERE identifier = ?2 AND expires_at > ?5 AND value ->> '$.for' = ?4) < ?7
    ON CONFLICT DO NOTHING`,
);

/** Uses the id of a passkey's challenge up: no row is written when it was used before. */
// plan: looks nothing up
export const reserveChallenge = statement<[id: string, user: string, now: number, expires: number]>(
  `INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
    VALUES (?1, ?2, '{"for":"passkey"}', ?4, ?3, ?3) ON CONFLICT DO NOTHING`,
);

// plan: SEARCH verifications USING PRIMARY KEY (id=?)
export const oneTime = statement<[id: string, purpose: string, now: number]>(
  "SELECT id, identifier, value FROM verifications WHERE id = ?1 AND value ->> '$.for' = ?2 AND expires_at > ?3",
);

// plan: SEARCH verifications USING PRIMARY KEY (id=?)
export const takeOneTime = statement<[id: string, purpose: string, now: number]>(
  `DELETE FROM verifications WHERE id = ?1 AND value ->> '$.for' = ?2 AND expires_at > ?3
    RETURNING id, identifier, value`,
);

/** Counts a try of a step, while it has one left. */
// plan: SEARCH verifications USING PRIMARY KEY (id=?)
export const spendTry = statement<[id: string, now: number]>(
  `UPDATE verifications SET value = json_set(value, '$.tries', (value ->> '$.tries') + 1)
    WHERE id = ?1 AND value ->> '$.for' = 'step' AND expires_at > ?2 AND value ->> '$.tries' < 5
    RETURNING id, identifier, value`,
);

/** Ends all links and steps of a user. */
// plan: SEARCH verifications USING INDEX verifications_by_identifier (identifier=?)
export const dropOneTimes = statement<[user: string]>(
  "DELETE FROM verifications WHERE identifier = ? AND value ->> '$.for' <> 'passkey'",
);

/** Sets the password of whoever a link belongs to; also where there was none. */
// plan: SEARCH verifications EXISTS USING PRIMARY KEY (id=?)
export const setPassword = statement<[id: string, user: string, account: string, hash: string, now: number]>(
  `INSERT INTO accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
    SELECT ?3, ?2, 'credential', ?2, ?4, ?5, ?5 WHERE EXISTS (SELECT 1 FROM verifications WHERE id = ?1)
    ON CONFLICT (provider_id, account_id) DO UPDATE SET password = excluded.password, updated_at = excluded.updated_at`,
);

/** The address was shown to be read, by the link of this id. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH verifications USING PRIMARY KEY (id=?)
export const setVerified = statement<[id: string, user: string, email: string, now: number]>(
  `UPDATE users SET email = ?3, email_verified = 1, updated_at = ?4
    WHERE id = ?2 AND EXISTS (SELECT 1 FROM verifications WHERE id = ?1)`,
);

/** The owner of an address has come by a link: what somebody set up without showing that they read it, goes. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const verifyAddress = statement<[user: string, now: number]>(
  "UPDATE users SET email_verified = 1, updated_at = ?2 WHERE id = ?1",
);
// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=? AND provider_id=?)
export const dropPassword = statement<[user: string]>(
  "DELETE FROM accounts WHERE user_id = ? AND provider_id = 'credential'",
);

// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const passkeysOf = statement<[user: string]>(
  "SELECT * FROM passkeys WHERE user_id = ? ORDER BY created_at LIMIT 20",
);
// plan: SEARCH passkeys USING INDEX sqlite_autoindex_passkeys_2 (credential_id=?)
export const passkeyBy = statement<[credential: string]>("SELECT * FROM passkeys WHERE credential_id = ?");
/** Adds a passkey, up to as many as a user may have. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH passkeys USING COVERING INDEX passkeys_by_user (user_id=?)
export const addPasskey = statement<
  [
    id: string,
    user: string,
    name: string,
    credential: string,
    key: string,
    counter: number,
    transports: string,
    backedUp: number,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO passkeys (id, user_id, name, credential_id, public_key, counter, transports, backed_up, created_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT count(*) FROM passkeys WHERE user_id = ?2) < ?10
    ON CONFLICT DO NOTHING`,
);
// plan: SEARCH passkeys USING PRIMARY KEY (id=?)
export const notePasskeyUse = statement<[id: string, counter: number, backedUp: number, now: number]>(
  "UPDATE passkeys SET counter = max(counter, ?2), backed_up = ?3, last_used_at = ?4 WHERE id = ?1",
);
// plan: SEARCH passkeys USING PRIMARY KEY (id=?)
export const dropPasskey = statement<[id: string, user: string]>("DELETE FROM passkeys WHERE id = ? AND user_id = ?");
// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const dropPasskeys = statement<[user: string]>("DELETE FROM passkeys WHERE user_id = ?");

// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const secondFactorOf = statement<[user: string]>("SELECT * FROM second_factors WHERE user_id = ?");
/** Begins to set a second factor up; a confirmed one stays as it is. */
// plan: looks nothing up
export const putSecondFactor = statement<[user: string, secret: string, now: number]>(
  `INSERT INTO second_factors (user_id, secret, backup_codes, created_at) VALUES (?1, ?2, '[]', ?3)
    ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
    WHERE confirmed_at IS NULL`,
);
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const confirmSecondFactor = statement<[user: string, secret: string, codes: string, step: number, now: number]>(
  `UPDATE second_factors SET confirmed_at = ?5, backup_codes = ?3, last_step = ?4, failures = 0, blocked_until = NULL
    WHERE user_id = ?1 AND secret = ?2 AND confirmed_at IS NULL`,
);
/** Uses the code of an interval, once. */
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const takeStep = statement<[user: string, step: number]>(
  `UPDATE second_factors SET last_step = ?2, failures = 0, blocked_until = NULL WHERE user_id = ?1 AND last_step < ?2`,
);
/** Every fifth wrong code in a row stops codes of the app until an instant. */
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const countFailure = statement<[user: string, until: number]>(
  `UPDATE second_factors SET failures = failures + 1,
    blocked_until = CASE WHEN (failures + 1) % 5 = 0 THEN ?2 ELSE blocked_until END WHERE user_id = ?1`,
);
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const takeBackupCode = statement<[user: string, hash: string]>(
  `UPDATE second_factors SET failures = 0, blocked_until = NULL,
    backup_codes = (SELECT json_group_array(value) FROM json_each(backup_codes) WHERE value <> ?2)
    WHERE user_id = ?1 AND EXISTS (SELECT 1 FROM json_each(backup_codes) WHERE value = ?2)`,
);
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const renewBackupCodes = statement<[user: string, codes: string]>(
  "UPDATE second_factors SET backup_codes = ?2 WHERE user_id = ?1 AND confirmed_at IS NOT NULL",
);
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const dropSecondFactor = statement<[user: string]>("DELETE FROM second_factors WHERE user_id = ?");

/** Whether somebody has a second factor or a passkey. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH passkeys USING COVERING INDEX passkeys_by_user (user_id=?)
export const hasStrongWay = statement<[user: string]>(
  `SELECT EXISTS (SELECT 1 FROM second_factors WHERE user_id = ?1 AND confirmed_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = ?1) AS found`,
);

// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const devicesOf = statement<[user: string, now: number]>(
  "SELECT * FROM trusted_devices WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC LIMIT 20",
);
// plan: SEARCH trusted_devices USING INDEX sqlite_autoindex_trusted_devices_2 (token=?)
export const deviceBy = statement<[token: string, user: string, now: number]>(
  "SELECT id FROM trusted_devices WHERE token = ? AND user_id = ? AND expires_at > ?",
);
// plan: looks nothing up
export const addDevice = statement<
  [id: string, user: string, token: string, agent: string | null, now: number, expires: number]
>(
  `INSERT INTO trusted_devices (id, user_id, token, user_agent, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
);
/** Of one user's devices, the newest are kept. */
// plan: SEARCH trusted_devices USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH trusted_devices USING COVERING INDEX trusted_devices_by_user (user_id=?)
export const keepDevices = statement<[user: string, most: number]>(
  `DELETE FROM trusted_devices WHERE id IN
    (SELECT id FROM trusted_devices WHERE user_id = ?1 ORDER BY created_at DESC LIMIT -1 OFFSET ?2)`,
);
// plan: SEARCH trusted_devices USING PRIMARY KEY (id=?)
export const dropDevice = statement<[id: string, user: string]>(
  "DELETE FROM trusted_devices WHERE id = ? AND user_id = ?",
);
// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const dropDevices = statement<[user: string]>("DELETE FROM trusted_devices WHERE user_id = ?");

/** An entry of the audit log about what the link of this id changes: only while the link is there. */
// plan: SEARCH verifications EXISTS USING PRIMARY KEY (id=?)
export const entryOfLink = insertEntryWhere("EXISTS (SELECT 1 FROM verifications WHERE id = ?)");

// plan: SEARCH users USING INDEX sqlite_autoindex_users_2 (email=?)
export const accountBy = statement<[email: string]>(
  "SELECT id, name, email, email_verified, role, banned, ban_expires FROM users WHERE email = ?",
);

// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=? AND provider_id=?)
export const hasPassword = statement<[user: string]>(
  "SELECT 1 FROM accounts WHERE user_id = ? AND provider_id = 'credential' AND password IS NOT NULL",
);

// plan: SEARCH sessions USING PRIMARY KEY (id=?)
export const sessionSince = statement<[id: string, user: string]>(
  "SELECT created_at FROM sessions WHERE id = ? AND user_id = ?",
);
