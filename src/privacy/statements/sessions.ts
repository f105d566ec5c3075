import { statement } from "../../platform/database/statement.ts";

// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const sessionsOf = statement<[user: string]>(
  "SELECT id, user_agent, ip_address, created_at, expires_at FROM sessions WHERE user_id = ?",
);

// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const dropSessions = statement<[user: string]>("DELETE FROM sessions WHERE user_id = ?");
