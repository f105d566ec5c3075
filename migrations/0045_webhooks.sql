-- Other systems that are told what happens in courses.
CREATE TABLE webhook_subscriptions (
  id TEXT PRIMARY KEY,
  course_slug TEXT, -- NULL: every course
  url TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  types TEXT NOT NULL, -- JSON: which events
  secret TEXT NOT NULL, -- that deliveries are signed with, encrypted
  previous_secret TEXT, -- signs beside it until previous_until
  previous_until INTEGER,
  owner TEXT NOT NULL, -- who set it last
  state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  disabled_reason TEXT, -- 'gone': the receiver answered 410; 'asked'
  lease TEXT, -- one worker delivers at a time
  lease_until INTEGER NOT NULL DEFAULT 0,
  paused_until INTEGER NOT NULL DEFAULT 0, -- the receiver is down: nothing is tried before
  failures INTEGER NOT NULL DEFAULT 0, -- runs in a row in which it was down
  failing_since INTEGER, -- no delivery has succeeded since then
  last_at INTEGER, -- the last attempt
  last_status INTEGER, -- what was answered; NULL: nothing
  last_error TEXT, -- why it failed; NULL: it succeeded
  last_success_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_subscriptions_by_course ON webhook_subscriptions (course_slug, id);
CREATE INDEX webhook_subscriptions_by_owner ON webhook_subscriptions (owner);

-- Events for one subscription, as many as one delivery of a queue brought: a row for each would cost more than what it is about.
-- An event is over when it was delivered or given up; the row says so until it is pruned.
CREATE TABLE webhook_pages (
  subscription TEXT NOT NULL,
  seq INTEGER NOT NULL, -- epoch ms, or one more than the last: in the order in which they were committed
  events TEXT NOT NULL, -- JSON: what happened, and what became of each delivery
  due_at INTEGER, -- when something of it is tried next; NULL: all is over
  revision INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (subscription, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_pages_waiting ON webhook_pages (subscription, seq, due_at) WHERE due_at IS NOT NULL;

-- Row of the object's outbox up to which the events of an enrollment are in such pages, written with them in one transaction.
ALTER TABLE enrollments ADD COLUMN told_to INTEGER NOT NULL DEFAULT 0;
