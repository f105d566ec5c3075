-- Mail that was written and waits to be handed to the platform. A row holds no link: what opens an account is made from the
-- id and a key when the mail is sent, so reading this table gives nobody an account.
CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  -- Null: it goes to somebody of whom only the address is known.
  user_id TEXT,
  address TEXT NOT NULL,
  kind TEXT NOT NULL,
  language TEXT NOT NULL,
  -- JSON: what the text says beside the link.
  details TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'kept', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- When it is tried next; null when it is over.
  due_at INTEGER,
  created_at INTEGER NOT NULL,
  -- Afterwards it says nothing any more and is not sent.
  expires_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mails_by_time ON mails (created_at, id);
CREATE INDEX mails_by_user ON mails (user_id, created_at) WHERE user_id IS NOT NULL;
