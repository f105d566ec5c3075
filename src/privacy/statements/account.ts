import { statement } from "../../platform/database/statement.ts";

// The user, and how they sign in.

// plan: SEARCH users USING PRIMARY KEY (id=?)
export const accountRow = statement<[user: string]>("SELECT * FROM users WHERE id = ?");

// plan: SEARCH outside_bans USING PRIMARY KEY (user_id=?)
export const outsideBan = statement<[user: string]>("SELECT * FROM outside_bans WHERE user_id = ?");

// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
export const signInWays = statement<[user: string]>(
  "SELECT provider_id, account_id, scope, created_at, updated_at FROM accounts WHERE user_id = ?",
);

// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const passkeysHeld = statement<[user: string]>(
  "SELECT name, backed_up, created_at, last_used_at FROM passkeys WHERE user_id = ?",
);

// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const secondFactorHeld = statement<[user: string]>(
  "SELECT confirmed_at, created_at FROM second_factors WHERE user_id = ?",
);

// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const devicesHeld = statement<[user: string]>(
  "SELECT user_agent, created_at, expires_at FROM trusted_devices WHERE user_id = ?",
);

// plan: SEARCH mails USING INDEX mails_by_user (user_id=?)
export const mailsHeld = statement<[user: string]>(
  "SELECT kind, address, language, state, created_at FROM mails WHERE user_id = ?",
);

// plan: SEARCH verifications USING INDEX verifications_by_identifier (identifier=?)
// plan: LIST SUBQUERY 2
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: UNION ALL
// plan: SCAN CONSTANT ROW
export const dropVerifications = statement<[user: string]>(
  "DELETE FROM verifications WHERE identifier IN (SELECT email FROM users WHERE id = ?1 UNION ALL SELECT ?1)",
);

// plan: SEARCH outside_bans USING PRIMARY KEY (user_id=?)
export const dropOutsideBan = statement<[user: string]>("DELETE FROM outside_bans WHERE user_id = ?");

// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const dropHeldPasskeys = statement<[user: string]>("DELETE FROM passkeys WHERE user_id = ?");

// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const dropHeldSecondFactor = statement<[user: string]>("DELETE FROM second_factors WHERE user_id = ?");

// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const dropHeldDevices = statement<[user: string]>("DELETE FROM trusted_devices WHERE user_id = ?");

// plan: SEARCH mails USING INDEX mails_by_user (user_id=?)
export const dropHeldMails = statement<[user: string]>("DELETE FROM mails WHERE user_id = ?");

// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
export const dropSignInWays = statement<[user: string]>("DELETE FROM accounts WHERE user_id = ?");

// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const dropAccount = statement<[user: string]>("DELETE FROM users WHERE id = ?");
