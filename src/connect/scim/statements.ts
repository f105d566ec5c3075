import { notBeingErased } from "../../identity/index.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const scimUser = statement<[id: string]>("SELECT * FROM scim_users WHERE user_id = ?");

// plan: SEARCH scim_users USING INDEX sqlite_autoindex_scim_users_2 (user_name=?)
export const scimUserByName = statement<[name: string]>("SELECT * FROM scim_users WHERE user_name = ?");

/**
 * Of somebody who is sent: whether their name is taken, and whether anybody has their address or was them before. Most are new,
 * and this is all that is looked up of them.
 */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH scim_users USING COVERING INDEX sqlite_autoindex_scim_users_2 (user_name=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH users USING COVERING INDEX sqlite_autoindex_users_2 (email=?)
// plan: SCALAR SUBQUERY 3
// plan: SEARCH accounts USING COVERING INDEX sqlite_autoindex_accounts_2 (provider_id=? AND account_id=?)
export const knownOf = statement<[name: string, email: string, system: string, external: string | null]>(
  `SELECT EXISTS (SELECT 1 FROM scim_users WHERE user_name = ?1) AS named,
    EXISTS (SELECT 1 FROM users WHERE email = ?2)
      OR EXISTS (SELECT 1 FROM accounts WHERE provider_id = ?3 AND account_id = ?4) AS known`,
);

// plan: SEARCH scim_users USING INDEX scim_users_by_external (external_id=?)
export const scimUserByExternal = statement<[id: string]>("SELECT * FROM scim_users WHERE external_id = ? LIMIT 20");

// plan: SEARCH scim_addresses USING COVERING INDEX scim_addresses_by_address (address=?)
// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const scimUserByEmail = statement<[address: string]>(
  `SELECT scim_users.* FROM scim_addresses JOIN scim_users ON scim_users.user_id = scim_addresses.user_id
    WHERE address = ? LIMIT 20`,
);

// plan: SCAN scim_users USING INDEX scim_users_by_age
// scans: directories ask for pages by their number, and for how many people there are.
export const scimUsers = statement<[limit: number, skip: number]>(
  "SELECT * FROM scim_users ORDER BY created_at, user_id LIMIT ? OFFSET ?",
);

// plan: SCAN scim_users USING COVERING INDEX scim_users_by_age
// scans: directories ask for pages by their number, and for how many people there are.
export const countScimUsers = statement<[]>("SELECT count(*) AS total FROM scim_users");

/** Nothing where another one has the name, or the account is of the directory already. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
// plan: SEARCH scim_addresses USING PRIMARY KEY (user_id=?)
export const addScimUser = statement<
  [id: string, name: string, external: string | null, active: number, doc: string, now: number]
>(
  `INSERT INTO scim_users (user_id, user_name, external_id, active, doc, version, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?6 WHERE ${notBeingErased("?1")} ON CONFLICT DO NOTHING RETURNING *`,
);

/** Nothing where it is of another version by now. @throws where another one has the name. */
// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const changeScimUser = statement<
  [id: string, version: number, name: string, external: string | null, active: number, doc: string, now: number]
>(
  `UPDATE scim_users SET user_name = ?3, external_id = ?4, active = ?5, doc = ?6, version = version + 1, updated_at = ?7
    WHERE user_id = ?1 AND version = ?2 RETURNING *`,
);

// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
// plan: SEARCH scim_addresses USING PRIMARY KEY (user_id=?)
export const dropScimUser = statement<[id: string]>("DELETE FROM scim_users WHERE user_id = ?");

// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
export const dropScimMember = statement<[id: string]>("DELETE FROM scim_members WHERE user_id = ?");

/** The directory says what somebody's address is. @throws where another one has it. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const setAddress = statement<[id: string, email: string, now: number]>(
  "UPDATE users SET email = ?2, email_verified = 1, updated_at = ?3 WHERE id = ?1 AND email <> ?2",
);

// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const groupsOfScimUser = statement<[user: string, limit: number]>(
  `SELECT id, name FROM scim_members JOIN scim_groups ON scim_groups.id = group_id
    WHERE scim_members.user_id = ? LIMIT ?`,
);

// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const scimGroup = statement<[id: string]>("SELECT * FROM scim_groups WHERE id = ?");

// plan: SEARCH scim_groups USING INDEX sqlite_autoindex_scim_groups_2 (name=?)
export const scimGroupByName = statement<[name: string]>("SELECT * FROM scim_groups WHERE name = ?");

// plan: SEARCH scim_groups USING INDEX scim_groups_by_external (external_id=?)
export const scimGroupByExternal = statement<[id: string]>("SELECT * FROM scim_groups WHERE external_id = ? LIMIT 20");

// plan: SCAN scim_groups USING INDEX scim_groups_by_age
// scans: there are 5,000 groups at most.
export const scimGroups = statement<[limit: number, skip: number]>(
  "SELECT * FROM scim_groups ORDER BY created_at, id LIMIT ? OFFSET ?",
);

// plan: SCAN scim_groups USING COVERING INDEX scim_groups_by_age
// scans: there are 5,000 groups at most.
export const countScimGroups = statement<[]>("SELECT count(*) AS total FROM scim_groups");

// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SCAN scim_groups USING COVERING INDEX scim_groups_by_age
// plan: SEARCH scim_members USING PRIMARY KEY (group_id=?)
// scans: there are 5,000 groups at most.
export const addScimGroup = statement<[id: string, name: string, external: string | null, now: number, most: number]>(
  `INSERT INTO scim_groups (id, name, external_id, version, created_at, updated_at) SELECT ?1, ?2, ?3, 1, ?4, ?4
    WHERE (SELECT count(*) FROM scim_groups) < ?5 ON CONFLICT DO NOTHING RETURNING *`,
);

/** @throws where another one has the name. */
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const changeScimGroup = statement<
  [id: string, version: number, name: string, external: string | null, now: number]
>(
  `UPDATE scim_groups SET name = ?3, external_id = ?4, version = version + 1, updated_at = ?5
    WHERE id = ?1 AND version = ?2 RETURNING *`,
);

// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
// plan: SEARCH scim_members USING PRIMARY KEY (group_id=?)
export const dropScimGroup = statement<[id: string]>("DELETE FROM scim_groups WHERE id = ?");

// plan: SEARCH scim_members USING PRIMARY KEY (group_id=?)
export const dropScimMembers = statement<[group: string]>("DELETE FROM scim_members WHERE group_id = ?");

// plan: SEARCH scim_members USING PRIMARY KEY (group_id=?)
export const membersOfGroup = statement<[group: string]>(
  "SELECT user_id FROM scim_members WHERE group_id = ? ORDER BY user_id",
);

// plan: SEARCH scim_members USING PRIMARY KEY (group_id=? AND user_id=?)
export const isMember = statement<[group: string, user: string]>(
  "SELECT 1 AS found FROM scim_members WHERE group_id = ? AND user_id = ?",
);

/** Only while the group is of this version: whoever comes too late changes nobody's place. It comes before the change. */
// plan: SEARCH scim_groups EXISTS USING PRIMARY KEY (id=?)
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const ADD_MEMBERS = setStatement(
  (set) => `INSERT INTO scim_members (group_id, user_id) SELECT ?2, value FROM ${set}
    WHERE EXISTS (SELECT 1 FROM scim_groups WHERE id = ?2 AND version = ?3) AND ${notBeingErased("value")}
    ON CONFLICT DO NOTHING`,
);

/** As {@link ADD_MEMBERS}. */
// plan: SEARCH scim_members USING PRIMARY KEY (group_id=? AND user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 2
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const REMOVE_MEMBERS = setStatement(
  (set) => `DELETE FROM scim_members WHERE group_id = ?2 AND user_id IN (SELECT value FROM ${set})
    AND EXISTS (SELECT 1 FROM scim_groups WHERE id = ?2 AND version = ?3)`,
);

// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const SCIM_USERS_AMONG = setStatement(
  (set) => `SELECT user_id FROM scim_users WHERE user_id IN (SELECT value FROM ${set})`,
);
