import { auditSection } from "./audit/gauges.ts";
import { backupSection } from "./backup/gauges.ts";
import { accountsSection } from "./connect/groups/gauges.ts";
import { ltiSection } from "./connect/lti/gauges.ts";
import { webhookSection } from "./connect/webhooks/gauges.ts";
import { eventSection } from "./events/gauges.ts";
import { fileSection } from "./files/gauges.ts";
import { importSection } from "./imports/gauges.ts";
import { modelSection } from "./insight/gauges.ts";
import { mailSection } from "./mail/gauges.ts";
import { readinessSection } from "./ops/health/readiness.ts";
import { movesSection } from "./ops/shards/gauges.ts";
import { switchSection } from "./ops/switch-gauge.ts";
import { rosterSection } from "./people/gauges.ts";
import { privacySection } from "./privacy/gauges.ts";
import { recordSection } from "./records/totals.ts";
import { queueSection, unlockSection } from "./staleness/gauges.ts";

/** What is read from the truth when somebody scrapes; each room has its own. */
export const SECTIONS = [
  unlockSection,
  queueSection,
  recordSection,
  auditSection,
  eventSection,
  fileSection,
  importSection,
  mailSection,
  rosterSection,
  webhookSection,
  ltiSection,
  accountsSection,
  privacySection,
  readinessSection,
  switchSection,
  backupSection,
  modelSection,
  movesSection,
];
