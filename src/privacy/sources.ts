import type { PersonalDataSource } from "./source.ts";
import { accountSource } from "./sources/account.ts";
import { auditSource } from "./sources/audit.ts";
import { backupsSource } from "./sources/backups.ts";
import { coursesSource } from "./sources/courses.ts";
import { enrollmentsSource } from "./sources/enrollments.ts";
import { eventsSource } from "./sources/events.ts";
import { filesSource } from "./sources/files.ts";
import { importsSource } from "./sources/imports.ts";
import { insightSource } from "./sources/insight.ts";
import { learningSource } from "./sources/learning.ts";
import { operationsSource } from "./sources/operations.ts";
import { sessionsSource } from "./sources/sessions.ts";
import { translationSource } from "./sources/translation.ts";
import { webhooksSource } from "./sources/webhooks.ts";
import { xapiSource } from "./sources/xapi.ts";

/**
 * Every place that holds personal data, in the order in which it is erased. Backups come first, so that a restore knows
 * of the erasure even if this database is lost. Then come sessions, so that the user writes nothing more. A place that
 * feeds another comes before it, and the account comes last. A new room adds its line here.
 */
export const SOURCES: readonly PersonalDataSource[] = [
  backupsSource,
  sessionsSource,
  insightSource,
  enrollmentsSource,
  translationSource,
  filesSource,
  importsSource,
  eventsSource,
  webhooksSource,
  learningSource,
  xapiSource,
  coursesSource,
  operationsSource,
  auditSource,
  accountSource,
];
