-- Whom an address leads to at the directory: all of somebody's addresses, not only that of their account. It follows from
-- what the directory has sent, whoever writes that (a restore, an older release).
CREATE TABLE scim_addresses (
  user_id TEXT NOT NULL REFERENCES scim_users (user_id) ON DELETE CASCADE,
  address TEXT NOT NULL, -- lower case
  PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_addresses_by_address ON scim_addresses (address);

CREATE TRIGGER scim_addresses_of_new AFTER INSERT ON scim_users BEGIN
  INSERT OR IGNORE INTO scim_addresses (user_id, address)
    SELECT DISTINCT new.user_id, lower(value ->> '$.value') FROM json_each(new.doc, '$.emails');
END;
CREATE TRIGGER scim_addresses_of_changed AFTER UPDATE OF doc ON scim_users BEGIN
  DELETE FROM scim_addresses WHERE user_id = new.user_id;
  INSERT OR IGNORE INTO scim_addresses (user_id, address)
    SELECT DISTINCT new.user_id, lower(value ->> '$.value') FROM json_each(new.doc, '$.emails');
END;

INSERT INTO scim_addresses (user_id, address)
  SELECT DISTINCT user_id, lower(email.value ->> '$.value') FROM scim_users, json_each(scim_users.doc, '$.emails') AS email;

-- A ban that somebody had set before the directory closed the account: JSON {reason, until}. It counts again, as far as it
-- still runs, when the directory opens the account.
ALTER TABLE users ADD COLUMN ban_before TEXT;

-- JSON: attributes that a directory has sent and this service does not keep, with when it last did.
ALTER TABLE group_notes ADD COLUMN ignored TEXT;
-- Changes that were refused since the last one that was done.
ALTER TABLE group_notes ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- Sign-ins that failed by the provider, not by whoever tried, since the last one that succeeded.
ALTER TABLE identity_providers ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
