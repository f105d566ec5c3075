-- Further ways to show who one is. Instants are epoch milliseconds, UTC.

-- Keys of a device or a password manager (WebAuthn).
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  -- base64url, as the browser names it.
  credential_id TEXT NOT NULL UNIQUE,
  -- base64url of the COSE key.
  public_key TEXT NOT NULL,
  counter INTEGER NOT NULL,
  -- JSON: how the browser reaches it.
  transports TEXT NOT NULL,
  backed_up INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at);

-- Codes from an app (RFC 6238).
CREATE TABLE second_factors (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- Encrypted with a key made from AUTH_SECRET.
  secret TEXT NOT NULL,
  -- JSON: SHA-256 of each backup code that was not used.
  backup_codes TEXT NOT NULL,
  -- Null: the user has not shown a code of it yet, and none is asked for.
  confirmed_at INTEGER,
  -- The last interval whose code was used: a code is good once.
  last_step INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  blocked_until INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Browsers that are asked for no code for some days.
CREATE TABLE trusted_devices (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- SHA-256 of what the browser keeps.
  token TEXT NOT NULL UNIQUE,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX trusted_devices_by_user ON trusted_devices (user_id, created_at);
CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);

-- Admins look for users by the beginning of a name.
CREATE INDEX users_by_name ON users (lower(name), id);

-- A backup of what changed has these with their users.
CREATE TRIGGER backup_passkey_added AFTER INSERT ON passkeys
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_passkey_changed AFTER UPDATE ON passkeys
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_passkey_removed AFTER DELETE ON passkeys
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', OLD.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_second_factor_added AFTER INSERT ON second_factors
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_second_factor_changed AFTER UPDATE ON second_factors
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_second_factor_removed AFTER DELETE ON second_factors
WHEN (SELECT max(epoch) FROM backup_epochs) > 0 AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', OLD.user_id, max(epoch) FROM backup_epochs WHERE true ON CONFLICT DO NOTHING;
END;
