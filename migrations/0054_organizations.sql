-- Organisations: several schools in one installation. A user and a course belong to one, or to none (NULL): the
-- installation's common space, where everything was before. An organisation is never removed.
CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL -- epoch milliseconds, UTC
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN organization_id TEXT;
-- 1: manages the people of their organisation.
ALTER TABLE users ADD COLUMN manages INTEGER NOT NULL DEFAULT 0;
-- 1: the ban was set by a manager of the organisation, who may lift it; they lift no other.
ALTER TABLE users ADD COLUMN ban_by_manager INTEGER NOT NULL DEFAULT 0;
CREATE INDEX users_by_organization ON users (organization_id, id) WHERE organization_id IS NOT NULL;

ALTER TABLE courses ADD COLUMN organization_id TEXT;
CREATE INDEX courses_by_organization ON courses (organization_id, slug) WHERE organization_id IS NOT NULL;
