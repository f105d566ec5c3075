/** The public API of the unlock core. All code behind it is pure: no I/O, no clock. */
import { readOnce } from "../platform/late.ts";
import type { analyze as Analyze } from "./analyze.ts";
import type { judge as Judge } from "./judge.ts";

export { type Agenda, type AgendaItem, agendaOf, agendaSchema, meetsCertificate } from "./agenda.ts";
export {
  type AnswerFile,
  type Asked,
  answerFaults,
  looksPacked,
  MAX_ANSWER_FILES,
  packAnswer,
  unpackAnswer,
} from "./asked.ts";
export { compile } from "./compile.ts";
export { courseDoneAt, MAX_COURSES_ASKED } from "./completion/course.ts";
export * from "./completion/requirement.ts";
export * from "./ends.ts";
export { ENGINE } from "./engine.ts";
export * from "./evaluate.ts";
export * from "./explain.ts";
export * from "./explanation.ts";
export * from "./facts.ts";
export { mayAppear } from "./hiding.ts";
export { latestOf } from "./latest.ts";
export * from "./learner.ts";
export { MAX_ANSWER } from "./max-answer.ts";
export { meantFor } from "./meant.ts";
export { MAX_UNIT } from "./measure.ts";
export { kidsOfGroup } from "./nodes.ts";
export * from "./outline.ts";
export { ITEM_STATUSES, type ItemStatus, type Outline } from "./outline.ts";
export * from "./pause.ts";
export * from "./program.ts";
export * from "./rows.ts";
export * from "./rules.ts";
export { type Rule, ruleSchema } from "./rules.ts";
export { acceptsWork, dueAsWritten, windowAsWritten, windowOf } from "./scope.ts";
export * from "./truth.ts";

// Both need the engine for regular expressions, a tenth of all code. Callers that only read never evaluate it.

/** Loads the check for faults in a course document's rules, {@link Analyze}. */
export const readAnalyze = /* @__PURE__ */ readOnce(
  async (): Promise<typeof Analyze> => (await import("./analyze.ts")).analyze,
);

/** Loads the judge of answers, {@link Judge}. */
export const readJudge = /* @__PURE__ */ readOnce(
  async (): Promise<typeof Judge> => (await import("./judge.ts")).judge,
);
