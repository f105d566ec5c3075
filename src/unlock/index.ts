/** The public API of the unlock core. Everything behind it is pure: no I/O, no clock. */
export { analyze } from "./analyze.ts";
export { compile } from "./compile.ts";
export * from "./ends.ts";
export { ENGINE } from "./engine.ts";
export * from "./evaluate.ts";
export * from "./explain.ts";
export * from "./explanation.ts";
export { mayAppear } from "./hiding.ts";
export { judge, MAX_ANSWER } from "./judge.ts";
export * from "./learner.ts";
export { kidsOfGroup } from "./nodes.ts";
export * from "./outline.ts";
export { ITEM_STATUSES, type ItemStatus, type Outline } from "./outline.ts";
export * from "./program.ts";
export * from "./rows.ts";
export * from "./rules.ts";
export { type Rule, ruleSchema } from "./rules.ts";
export * from "./truth.ts";
